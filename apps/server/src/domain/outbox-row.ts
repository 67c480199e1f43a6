import type { DatasetName, IdentityId, IdentityPoolId, SyncCount } from '@satchel/protocol'
import type { StreamChangeKind } from './stream-change.js'

/** Parts of the outbox, each relayed by one relay at a time; an identity's rows are all in one of them. */
export const SHARDS = 8

/**
 * A change as it waits to be published, in the form that Debezium's outbox event router reads too: written once, in the transaction of the
 * change, and never altered.
 */
export type OutboxRow = Readonly<{
  /** Event id, the same whenever this change is published: identity, dataset, epoch, count, and `snapshot` for a snapshot, joined by slashes. */
  id: string
  /** `aggregatetype`: the topic, without the server's prefix. */
  streamName: string
  /** `aggregateid`: the key of the message. */
  identity: IdentityId
  type: StreamChangeKind
  /** The value of the message, JSON of Cognito Streams. */
  payload: string
  /** Of the topic; computed from the identity, see `stream-place.ts`. */
  partition: number
  /** 0 to {@link SHARDS} - 1. */
  shard: number
  pool: IdentityPoolId
  dataset: DatasetName
  epoch: number
  syncCount: SyncCount
  /** See `StreamChange.previousEpoch`. */
  previousEpoch: number
  /** See `StreamChange.previous`. */
  previous: SyncCount
  /** Epoch milliseconds. */
  createdAt: number
}>

/** The records of a change that is published as a link, kept as long as its row. JSON array of the record objects of Cognito Streams. */
export type LinkedRecords = Readonly<{ id: string; records: string; createdAt: number }>

/** A row with its place in the outbox: within an identity, a later row has a higher one. */
export type PlacedOutboxRow = OutboxRow & Readonly<{ seq: number }>
