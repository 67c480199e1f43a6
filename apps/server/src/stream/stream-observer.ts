import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import type { Backlog } from '../store/outbox-store.js'
import type { PublishOutcome } from './publisher.js'

/** Why a relay no longer has a shard. */
export type LeaseEnd =
  /** The server stops. */
  | 'stopped'
  /** It could not be renewed in time. */
  | 'not-renewed'
  /** It was above this relay's share, and everything of it was ended before. */
  | 'shared'
  /** Another relay has it, or had it meanwhile. */
  | 'taken-over'

/** What of a relay's work with the store failed and will be tried again. */
export type StoreWork = 'leases' | 'read' | 'mark' | 'link' | 'park' | 'backlog' | 'disable'

/** What the relay tells of itself. No payloads. */
export interface StreamObserver {
  leased(shard: number, epoch: number): void
  leaseEnded(shard: number, epoch: number, why: LeaseEnd): void
  /** A send ended. */
  sent(send: Readonly<{ outcome: PublishOutcome; rows: number; seconds: number }>): void
  /** Kafka acknowledged these at `at`, epoch milliseconds. */
  published(rows: readonly PlacedOutboxRow[], at: number): void
  /** So many rows left the unpublished set in one transaction. */
  marked(rows: number, seconds: number): void
  /** A row that its topic would not take is published as a link from now on. */
  linked(row: PlacedOutboxRow): void
  /** A stream's rows are set aside, and its pools' streams are turned off. */
  parked(streamName: string, reason: string): void
  /** What waits, every few seconds. */
  waiting(backlog: Backlog): void
  /** So much waits that all streams are turned off. */
  full(backlog: Backlog, rowsMax: number): void
  /** The store, or a service, failed; it will be tried again. */
  failed(work: StoreWork, cause: unknown): void
  /** Something happened that nobody expected: a publisher threw. */
  defect(cause: unknown): void
}
