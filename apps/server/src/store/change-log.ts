import type { DatasetName, IdentityId, IdentityPoolId, SyncCount } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../domain/outbox-row.js'

/** How far a dataset's changes went into the outbox. */
export type StreamedDataset = Readonly<{
  pool: IdentityPoolId
  identity: IdentityId
  dataset: DatasetName
  epoch: number
  syncCount: SyncCount
  /** Epoch and count of its newest change that went into the outbox, and the `begun` of the stream target it went to. */
  streamedEpoch: number
  streamedThrough: SyncCount
  streamBegun: number
}>

/** Where a listing goes on. */
export type DatasetCursor = Readonly<{ identity: IdentityId; dataset: DatasetName }>

/** A piece of the change log, of what is placed after `after`. */
export type LogPage = Readonly<{ after: number; limit: number; bytesMax?: number }>

/**
 * What the auditor reads: every dataset that ever streamed, and the rows of the outbox, published or not, as far as they are kept. Reads show committed data
 * only. Every adapter runs the suite in `change-log.contract.ts`.
 */
export interface ChangeLog {
  /** Datasets with `streamedThrough` above 0, by identity and name. */
  streamedDatasets(page: Readonly<{ after: DatasetCursor | null; limit: number }>): Promise<readonly StreamedDataset[]>

  /** The newest place there is; 0 for none. Whatever was committed before the call has it or an older one; what is committed later may have an older one too. */
  newestSeq(): Promise<number>

  /** Rows by place: at most `limit`, and as many as have payloads of `bytesMax` UTF-8 bytes together, but always the first; no bound where it is not given. */
  rows(page: LogPage): Promise<readonly PlacedOutboxRow[]>

  /** A dataset's changes from a count on, snapshots left out, by count; reads the whole log where need be. */
  rowsOf(
    dataset: DatasetCursor,
    page: Readonly<{ from: SyncCount; limit: number }>,
  ): Promise<readonly PlacedOutboxRow[]>

  /** Places that are not published, of those after one, in order. */
  unpublishedSeqs(page: Readonly<{ after: number; limit: number }>): Promise<readonly number[]>
}
