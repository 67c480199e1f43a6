import type { Batch, DatasetPath, DeviceId, SyncCount, SyncRecord } from '@satchel/protocol'
import type { PatchOutcome } from './apply-patches.js'
import type { BatchOrigin } from './batch-marker.js'
import type { Dataset } from './dataset.js'
import type { DeleteOutcome } from './delete-dataset.js'

/** A request to change one dataset, as it waits in the write queue. */
export type DatasetWrite =
  | Readonly<{
      kind: 'update'
      path: DatasetPath
      batch: Batch
      origin: BatchOrigin
      /** The device that numbers its batches; null for one that spends a sync session. */
      device: DeviceId | null
      at: number
      by: string
    }>
  | Readonly<{ kind: 'delete'; path: DatasetPath; at: number; by: string }>

export type WriteOutcome =
  | PatchOutcome
  | DeleteOutcome
  /** This very batch was accepted before; this is what it wrote then. `dataset` is as it is now. */
  | Readonly<{
      kind: 'repeated'
      dataset: Dataset
      written: readonly SyncRecord[]
      syncCount: SyncCount
      at: number
      by: string
    }>
  /** The sync session was spent on another batch. */
  | Readonly<{ kind: 'session-spent' }>
  /** The device gave this number to another batch, or a higher one, `last`, to a later batch. */
  | Readonly<{ kind: 'number-used'; last: number }>
  /** No such identity in this pool, or it is disabled. */
  | Readonly<{ kind: 'no-identity' }>
