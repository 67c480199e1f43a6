import {
  byteSize,
  NEVER_SYNCED,
  nextSyncCount,
  type Batch,
  type Limits,
  type RecordKey,
  type SyncCount,
  type SyncRecord,
} from '@satchel/protocol'
import type { Dataset } from './dataset.js'
import { patched, recordBytes, type HeldRecord } from './held-record.js'
import { exceededLimit, type ExceededLimit, type Usage } from './usage.js'

export type PatchOutcome =
  | Readonly<{ kind: 'accepted'; dataset: Dataset; written: readonly SyncRecord[] }>
  | Readonly<{ kind: 'stale'; key: RecordKey; held: SyncCount; base: SyncCount }>
  | Readonly<{ kind: 'over-limit'; exceeded: ExceededLimit }>

export type PatchRequest = Readonly<{
  dataset: Dataset
  /** The patched keys that are stored, tombstones included; a key not in here was never written. */
  held: ReadonlyMap<RecordKey, HeldRecord>
  batch: Batch
  /** What the identity's other datasets hold. */
  elsewhere: Usage
  limits: Limits
  at: number
  by: string
}>

/**
 * Decides a batch as a whole: every patch was made against the count we hold now, higher or lower being
 * refused alike (C3), and what comes out is within the limits (L6), or nothing is written (C4). The batch takes
 * one new count, also when it changes no value (C2, C5). A dataset that was deleted goes on from its
 * last count in a new epoch (D2, D3).
 */
export function applyPatches({ dataset, held, batch, elsewhere, limits, at, by }: PatchRequest): PatchOutcome {
  for (const { key, base } of batch) {
    const count = held.get(key)?.syncCount ?? NEVER_SYNCED
    if (base !== count) return { kind: 'stale', key, held: count, base }
  }

  const syncCount = nextSyncCount(dataset.syncCount)
  const written = batch.map((patch) => patched(patch, { syncCount, at, by }))
  const growth = grow(written, held)
  const after: Dataset = {
    ...dataset,
    exists: true,
    syncCount,
    epoch: dataset.exists ? dataset.epoch : dataset.epoch + 1,
    createdAt: dataset.exists ? dataset.createdAt : at,
    modifiedAt: at,
    modifiedBy: by,
    recordCount: dataset.recordCount + growth.records,
    bytes: dataset.bytes + growth.bytes,
  }
  const exceeded = exceededLimit({ before: dataset, after, elsewhere, limits })
  return exceeded === null ? { kind: 'accepted', dataset: after, written } : { kind: 'over-limit', exceeded }
}

function grow(
  written: readonly SyncRecord[],
  held: ReadonlyMap<RecordKey, HeldRecord>,
): Readonly<{ records: number; bytes: number }> {
  let records = 0
  let bytes = 0
  for (const { key, value } of written) {
    const before = held.get(key)
    const wasLive = before !== undefined && before.valueBytes !== null
    bytes -= recordBytes(key, before)
    if (value !== null) bytes += byteSize(key) + byteSize(value)
    records += Number(value !== null) - Number(wasLive)
  }
  return { records, bytes }
}
