import {
  NEVER_SYNCED,
  type Changes,
  type DatasetName,
  type RecordKey,
  type SyncCount,
  type SyncRecord,
} from '@satchel/protocol'
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
  for (const record of changes.records) {
    step.move(dataset, record.key, (held) => pulled(held, record, device, moment))
  }
}

function applySnapshot(step: Step, name: DatasetName, { records, through }: Changes): void {
  const dataset = step.dataset(name)
  const { device } = step.store
  const moment = { ...step.moment(dataset), complete: true }
  const told = new Map<RecordKey, SyncRecord | null>(records.map((record) => [record.key, record]))
  for (const key of step.allBut(dataset, told)) told.set(key, null)
  for (const [key, record] of told) {
    step.move(dataset, key, (held) => replaced(held, { record, through, device }, moment))
  }
}
