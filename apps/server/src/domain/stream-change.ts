import type { DatasetPath, SyncCount, SyncRecord } from '@satchel/protocol'
import type { StreamTarget } from './stream-target.js'

/** What an outbox row tells of a dataset: one accepted change, or all of it as it was at a count (bulk publish). */
export type StreamChangeKind = 'change' | 'snapshot'

/** One accepted change of a dataset whose pool streams, or a snapshot of the dataset, before it becomes an outbox row. */
export type StreamChange = Readonly<{
  kind: StreamChangeKind
  path: DatasetPath
  target: StreamTarget
  /** `remove` for the deletion of the dataset, which carries no records. */
  operation: 'replace' | 'remove'
  epoch: number
  syncCount: SyncCount
  /** The epoch of the change that {@link previous} names; 0 for none. */
  previousEpoch: number
  /**
   * The count of the dataset's change before this one that went into the outbox for the same stream, 0 for none. Usually `syncCount - 1`; lower after a
   * time in which the stream was off. For a snapshot, the newest such change at that time.
   */
  previous: SyncCount
  /** When it was accepted, epoch milliseconds. */
  at: number
  /** The records it wrote, tombstones included; all live ones for a snapshot. */
  records: readonly SyncRecord[]
}>
