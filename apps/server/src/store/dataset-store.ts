import type {
  DatasetName,
  DatasetPath,
  IdentityId,
  IdentityPoolId,
  Limits,
  RecordKey,
  SyncCount,
  SyncRecord,
} from '@satchel/protocol'
import type { Dataset } from '../domain/dataset.js'
import type { DatasetWrite, WriteOutcome } from '../domain/dataset-write.js'
import type { Usage } from '../domain/usage.js'

/** A place in a listing: after the record of this count and key, or after all of this count where key is null. */
export type RecordCursor = Readonly<{ syncCount: SyncCount; key: RecordKey | null }>

export type ListRequest = Readonly<{
  after: RecordCursor
  /** Inclusive upper count; null for the dataset's count at the moment of reading. */
  through: SyncCount | null
  limit: number
}>

/** A piece of a dataset; all of it read at one moment. */
export type Listing = Readonly<{
  /** An absent dataset reads as `absentDataset`. */
  dataset: Dataset
  /** Datasets that merges left beside this one, by code point (SPEC M1). */
  mergedNames: readonly DatasetName[]
  /** In order of count and key, tombstones included. */
  records: readonly SyncRecord[]
  /** How many more records lie in the range. */
  remaining: number
}>

export type PoolUsage = Readonly<{
  pool: IdentityPoolId
  usage: Usage
  syncSessions: number
  /** Epoch milliseconds of the newest write, 0 if there was none. */
  modifiedAt: number
}>

/**
 * Keeps datasets and their records. Every adapter runs the suite in `dataset-store.contract.ts`.
 *
 * Reads show committed data only. Texts come back as they went in, and in code point order.
 */
export interface DatasetStore {
  /** Commits that may be under way at once, as long as no two of them write for the same identity. */
  readonly lanes: number

  /**
   * Judges the writes in turn, by `domain/judge.ts`, and stores every accepted one, all in one transaction; resolves
   * once that is durable. Rejects when nothing was stored, or when it is unknown whether anything was: sending the
   * same writes again is then safe, because their markers are stored with them.
   */
  commit(writes: readonly DatasetWrite[], limits: Limits): Promise<readonly WriteOutcome[]>

  /** The dataset, or `absentDataset` where nobody ever wrote. */
  read(path: DatasetPath): Promise<Dataset>

  /** These datasets as they were at one moment, absent ones as `absentDataset`; in any order, each once. */
  readSeveral(identity: IdentityId, names: readonly DatasetName[]): Promise<readonly Dataset[]>

  /** What a dataset holds in a range of counts. */
  list(path: DatasetPath, request: ListRequest): Promise<Listing>

  /** True when a batch of this identity and marker was accepted. */
  hasMarker(identity: IdentityId, id: string): Promise<boolean>

  /** Existing datasets of an identity after a name, by code point. */
  listDatasets(identity: IdentityId, page: Readonly<{ after: string; limit: number }>): Promise<readonly Dataset[]>

  /** What an identity's datasets hold, and when one was last written (0 for never). */
  identityUsage(identity: IdentityId): Promise<Readonly<{ usage: Usage; modifiedAt: number }>>

  /** What a pool's identities hold; zeros for a pool nobody wrote to. */
  poolUsage(pool: IdentityPoolId): Promise<PoolUsage>

  /** Adds to the number of sync sessions that pools have seen. */
  addSyncSessions(opened: ReadonlyMap<IdentityPoolId, number>): Promise<void>

  /**
   * Removes up to `limit` tombstones written before a time and notes on their datasets how far the history
   * was collected (SPEC B2). Answers how many went.
   */
  collectTombstones(range: Readonly<{ before: number; limit: number }>): Promise<number>

  /** Removes up to `limit` markers of sync sessions whose id is below one, in order; answers how many went. */
  forgetMarkers(range: Readonly<{ below: string; limit: number }>): Promise<number>

  /** Removes up to `limit` markers of devices whose last batch was accepted before a time; answers how many went. */
  forgetDeviceMarkers(range: Readonly<{ before: number; limit: number }>): Promise<number>

  /**
   * Removes what is left of identities and pools that were deleted, at most about `limit` rows; answers how many
   * rows went, 0 when nothing is left.
   */
  purge(limit: number): Promise<number>

  /**
   * Begins a new epoch of every dataset, deleted ones and those to come included, in one transaction; answers how many there are. `at` is the present time. For a store
   * that was put back to an earlier state: devices that saw what came after it then start over (SPEC D8).
   */
  beginEpoch(at: number): Promise<number>
}
