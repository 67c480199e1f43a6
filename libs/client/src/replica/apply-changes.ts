import { NEVER_SYNCED, type Changes, type DatasetName, type SyncCount } from '@satchel/protocol'
import { pulled } from '../merge/pull.js'
import { replaced } from '../merge/snapshot-key.js'
import type { Step } from './step.js'

/**
 * Brings a dataset to where the server says it is. A delta of another epoch is no continuation of what is held and says
 * nothing; within an epoch only a snapshot takes the count back (ND10, ND11).
 */
export function applyChanges(step: Step, name: DatasetName, changes: Changes): void {
  const dataset = step.dataset(name)
  const { epoch, exists: existing, through } = changes
  if (changes.snapshot || !existing) {
    step.put({ ...dataset, epoch, existing, since: through })
    return applySnapshot(step, name, changes)
  }
  // The device's own word, never a server's: what is held may have holes, so the next answer has to be a snapshot.
  if (epoch === 0) return step.put({ ...dataset, epoch, since: NEVER_SYNCED })
  if (epoch !== dataset.epoch) return
  step.put({ ...dataset, existing, since: Math.max(dataset.since, through) as SyncCount })
  const moment = step.moment(dataset)
  const { device } = step.store
  step.moveAll(
    dataset,
    changes.records.map((record) => ({ key: record.key, moving: (held) => pulled(held, record, device, moment) })),
  )
}

function applySnapshot(step: Step, name: DatasetName, { records, through }: Changes): void {
  const dataset = step.dataset(name)
  const { device } = step.store
  const moment = { ...step.moment(dataset), complete: true }
  const told = new Map(records.map((record) => [record.key, record]))
  const missing = [...step.all(dataset).values()]
    .filter(({ held }) => !told.has(held.key))
    .map(({ held }) => ({ key: held.key, record: null }))
  step.moveAll(
    dataset,
    [...Array.from(told, ([key, record]) => ({ key, record })), ...missing].map(({ key, record }) => ({
      key,
      moving: (held) => replaced(held, { record, through, device }, moment),
    })),
  )
}
