import type { Batch, DatasetPath } from '@satchel/protocol'
import type { PatchOutcome } from './apply-patches.js'
import type { BatchOrigin } from './batch-marker.js'
import type { DeleteOutcome } from './delete-dataset.js'
import type { SyncRecord } from '@satchel/protocol'

/** A request to change one dataset, as it waits in the write queue. */
export type DatasetWrite =
  | Readonly<{ kind: 'update'; path: DatasetPath; batch: Batch; origin: BatchOrigin; at: number; by: string }>
  | Readonly<{ kind: 'delete'; path: DatasetPath; at: number; by: string }>

export type WriteOutcome =
  | PatchOutcome
  | DeleteOutcome
  /** This very batch was accepted before; these are the records it wrote then. */
  | Readonly<{ kind: 'repeated'; written: readonly SyncRecord[] }>
  /** The sync session was spent on another batch. */
  | Readonly<{ kind: 'session-spent' }>
  /** No such identity in this pool, or it is disabled. */
  | Readonly<{ kind: 'no-identity' }>
