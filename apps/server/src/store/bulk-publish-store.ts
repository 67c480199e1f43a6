import type { DatasetName, IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { StreamTarget } from '../domain/stream-target.js'

export type BulkPublishStatus = 'NOT_STARTED' | 'IN_PROGRESS' | 'FAILED' | 'SUCCEEDED'

/** The newest bulk publish of a pool. */
export type BulkPublish = Readonly<{
  pool: IdentityPoolId
  status: Exclude<BulkPublishStatus, 'NOT_STARTED'>
  /** Epoch milliseconds. */
  startedAt: number
  /** Set exactly when it succeeded. */
  completedAt: number | null
  /** Set exactly when it failed. */
  failure: string | null
  /**
   * The last dataset whose snapshot is in the outbox, or the last identity that was looked at, without a dataset's name, where that one is further on;
   * null before the first.
   */
  after: Readonly<{ identity: IdentityId; dataset: DatasetName | '' }> | null
  /** Snapshots that were put into the outbox. */
  datasets: number
  /** True once every dataset's snapshot is in the outbox. */
  complete: boolean
  /** Highest place of its rows in the outbox; 0 before the first. */
  lastSeq: number
}>

export type BeginOutcome =
  | Readonly<{ kind: 'begun'; bulk: BulkPublish }>
  /** One is under way. */
  | Readonly<{ kind: 'in-progress' }>
  /** One that succeeded was completed after `unlessCompletedAfter`. */
  | Readonly<{ kind: 'too-soon'; completedAt: number }>

/** Keeps bulk publishes and puts their snapshots into the outbox. Every adapter runs the suite in `bulk-publish-store.contract.ts`. */
export interface BulkPublishStore {
  /** Begins one, judging and storing in one transaction. */
  begin(request: Readonly<{ pool: IdentityPoolId; at: number; unlessCompletedAfter: number }>): Promise<BeginOutcome>

  /** The newest of a pool; null when there never was one. */
  find(pool: IdentityPoolId): Promise<BulkPublish | null>

  /** Those in progress, oldest first. */
  inProgress(): Promise<readonly BulkPublish[]>

  /**
   * One step of the one in progress: puts snapshots of the next existing datasets, by identity and name, into the outbox and notes how far it came, in one transaction
   * that no write of these datasets overlaps. At most `datasetsMax`, and none more once their records pass `bytesMax`; it may be none,
   * where many identities in a row have no dataset. Null when none is in progress.
   */
  advance(
    request: Readonly<{
      pool: IdentityPoolId
      target: StreamTarget
      at: number
      datasetsMax: number
      bytesMax: number
    }>,
  ): Promise<BulkPublish | null>

  /** How many rows of the pool's bulk publish are not published yet. */
  unpublishedRows(pool: IdentityPoolId): Promise<number>

  /** Ends the one in progress, if there is one. */
  end(request: Readonly<{ pool: IdentityPoolId; at: number; failure: string | null }>): Promise<void>
}
