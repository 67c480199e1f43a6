import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import type { Lease } from './lease-store.js'

/** What waits to be published, rows of parked streams left out. */
export type Backlog = Readonly<{
  rows: number
  /** When the oldest of them was accepted, epoch milliseconds; null for none. */
  oldestAt: number | null
}>

/** A stream whose rows are set aside, because its topic cannot be written. */
export type ParkedStream = Readonly<{ streamName: string; reason: string; at: number }>

/** Which of the unpublished rows are wanted. */
export type UnpublishedPage = Readonly<{
  limit: number
  /** UTF-8 bytes of payload, all rows together. */
  bytesMax: number
  /** What a relay has no use for just now: rows that are acknowledged and not yet marked, and streams whose topic refuses. */
  without?: Readonly<{ seqs: readonly number[]; streams: readonly string[] }>
}>

/**
 * The outbox as its relay sees it. Rows get into it in the transactions of `DatasetStore.commit` and `BulkPublishStore`, and with them into the set of
 * unpublished ones; they leave that set one by one, and stay as the change log until they are pruned. Every adapter
 * runs the suite in `outbox-store.contract.ts`.
 */
export interface OutboxStore {
  /**
   * The first unpublished rows of some shards, by place, rows of parked streams left out: at most `limit`, and as many as have payloads of `bytesMax` UTF-8 bytes
   * together, but always the first. How many rows a parked stream has, or one that is left out, costs nothing.
   */
  unpublished(shards: readonly number[], page: UnpublishedPage): Promise<readonly PlacedOutboxRow[]>

  /**
   * Takes rows of a shard out of the unpublished set, if the lease is still the newest of its name at `now`; false, and nothing is changed, where it is
   * not (V7). Places that are not in the set are passed over.
   */
  markPublished(
    request: Readonly<{
      shard: number
      lease: Lease
      seqs: readonly number[]
      /** The streams of those rows, in the same order, from whoever knows them: it saves a look at each row. */
      streamNames?: readonly string[]
      now: number
    }>,
  ): Promise<boolean>

  /**
   * What waits. It is asked for every few seconds, so that of very many rows a store may estimate how many; one that comes to `countedFrom` rows or more
   * then counts them, up to about that number.
   */
  backlog(countedFrom?: number): Promise<Backlog>

  /** Sets a stream's unpublished rows aside; where it is parked already, the first reason stays. */
  park(stream: ParkedStream): Promise<void>

  /** Lets a stream's rows be relayed again. */
  unpark(streamName: string): Promise<void>

  parked(): Promise<readonly ParkedStream[]>

  /**
   * Removes up to `limit` of the oldest rows that are published and were made before a time, and what they link to; answers how many rows went. One call
   * looks at a bounded number of rows, so that among very many that wait it may remove fewer, and a later call goes on there.
   */
  prune(range: Readonly<{ before: number; limit: number }>): Promise<number>

  /** Keeps the records of a row that has to be published as a link, though it was not made as one. */
  addLinkedRecords(linked: Readonly<{ id: string; records: string; createdAt: number }>): Promise<void>

  /** The records behind a link, by event id; null when there are none or they were pruned. */
  linkedRecords(id: string): Promise<string | null>
}
