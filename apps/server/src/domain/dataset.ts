import { NEVER_SYNCED, type DatasetName, type SyncCount } from '@satchel/protocol'

/**
 * What the server keeps of a dataset, its deletion included: the row outlives the dataset so that its
 * count goes on and none is ever used twice (SPEC D2).
 */
export type Dataset = Readonly<{
  name: DatasetName
  /** False after a deletion, until an update creates the dataset anew. */
  exists: boolean
  syncCount: SyncCount
  /** The count that the newest deletion took; 0 if it was never deleted. */
  deletedAt: SyncCount
  /** Highest count of a tombstone that was collected; 0 if none was. */
  collectedThrough: SyncCount
  /** Rises when history is not a continuation of what a device saw. */
  epoch: number
  /** Epoch milliseconds, server time. */
  createdAt: number
  modifiedAt: number
  modifiedBy: string
  /** Live records, without tombstones. */
  recordCount: number
  /** UTF-8 bytes of keys and values of live records. */
  bytes: number
  /** Epoch of its newest change that went into the outbox; 0 for none. */
  streamedEpoch: number
  /** Count of its newest change that went into the outbox; 0 for none. */
  streamedThrough: SyncCount
  /** The `begun` of the stream target that this change went to; 0 for none. */
  streamBegun: number
}>

/** A dataset nobody has written to. */
export const absentDataset = (name: DatasetName): Dataset => ({
  name,
  exists: false,
  syncCount: NEVER_SYNCED,
  deletedAt: NEVER_SYNCED,
  collectedThrough: NEVER_SYNCED,
  epoch: 0,
  createdAt: 0,
  modifiedAt: 0,
  modifiedBy: '',
  recordCount: 0,
  bytes: 0,
  streamedEpoch: 0,
  streamedThrough: NEVER_SYNCED,
  streamBegun: 0,
})

/**
 * The epoch that takes the place of another where history was put back at a time, epoch milliseconds. The history that is lost
 * may have begun epochs of its own, and may be put back again; none of them may come twice (D8).
 */
export const epochAfter = (epoch: number, at: number): number => Math.max(epoch + 1, at)
