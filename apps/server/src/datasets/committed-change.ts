import {
  byteSize,
  CHANGED_BYTES_MAX,
  type Changed,
  type DatasetPath,
  type SyncCount,
  type SyncRecord,
} from '@satchel/protocol'
import type { Dataset } from '../domain/dataset.js'
import type { DatasetWrite, WriteOutcome } from '../domain/dataset-write.js'
import type { CommittedChange } from './commit-feed.js'

/**
 * What watchers are told of a write and its outcome; null for one that changed nothing. A batch that was sent again
 * and is still the newest change is told again: whatever lost its answer, a failed transaction that was stored after
 * all or the like, may have kept it from being told, and nothing else would bring it up.
 */
export function committedChange(write: DatasetWrite, outcome: WriteOutcome): CommittedChange | null {
  const device = write.kind === 'update' ? write.device : null
  switch (outcome.kind) {
    case 'accepted':
      return change(write.path, device, changedTo(outcome.dataset, recordsWithin(outcome.written, CHANGED_BYTES_MAX)))
    case 'repeated':
      if (outcome.syncCount !== outcome.dataset.syncCount) return null
      return change(write.path, device, changedTo(outcome.dataset, recordsWithin(outcome.written, CHANGED_BYTES_MAX)))
    case 'deleted':
      return change(write.path, device, changedTo(outcome.dataset, null))
    case 'stale':
    case 'over-limit':
    case 'missing':
    case 'session-spent':
    case 'number-used':
    case 'no-identity':
      return null
  }
}

const change = ({ identity }: DatasetPath, device: CommittedChange['device'], changed: Changed): CommittedChange => ({
  identity,
  changed,
  device,
})

const changedTo = ({ name, epoch, syncCount }: Dataset, records: Changed['records']): Changed => ({
  dataset: name,
  epoch,
  base: (syncCount - 1) as SyncCount, // every change takes exactly one count (C2, D1)
  through: syncCount,
  records,
})

/** The records, where their keys and values have so many UTF-8 bytes at most, else null: whoever is told asks for them. */
export function recordsWithin(records: readonly SyncRecord[], bytesMax: number): readonly SyncRecord[] | null {
  let bytes = 0
  for (const { key, value } of records) {
    bytes += byteSize(key) + (value === null ? 0 : byteSize(value))
    if (bytes > bytesMax) return null
  }
  return records
}
