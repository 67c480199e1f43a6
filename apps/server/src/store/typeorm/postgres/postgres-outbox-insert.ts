import { outboxRowOf, type LinkAt } from '../../../domain/outbox-row-of.js'
import type { StreamChange } from '../../../domain/stream-change.js'
import { numberArray, textArray } from './array-literal.js'
import type { Transaction } from './connections.js'
import { prepared } from './prepared.js'

/** How rows are put into the outbox. */
export type OutboxRule = Readonly<{
  /** False: no row counts as unpublished. */
  relay: boolean
  link: LinkAt
}>

/**
 * Puts changes into the outbox, in their order, in the caller's transaction, which has locked their identities; answers the place of the last row, 0 for none
 * at all. What goes wrong before anything was asked of the database is thrown.
 */
export function insertOutbox(
  transaction: Transaction,
  changes: readonly StreamChange[],
  { relay, link }: OutboxRule,
): Promise<number> {
  if (changes.length === 0) return Promise.resolve(0)
  const made = changes.map((change) => outboxRowOf(change, link))
  const rows = made.map(({ row }) => row)
  const linked = made.flatMap(({ linked }) => (linked === null ? [] : [linked]))
  if (linked.length > 0) {
    transaction.leave(KEEP_LINKED, [
      textArray(linked.map(({ id }) => id)),
      textArray(linked.map(({ records }) => records)),
      numberArray(linked.map(({ createdAt }) => createdAt)),
    ])
  }
  const placed = transaction.query<{ last: number }>(INSERT, [
    numberArray(rows.map(({ shard }) => shard)),
    textArray(rows.map(({ id }) => id)),
    textArray(rows.map(({ streamName }) => streamName)),
    textArray(rows.map(({ identity }) => identity)),
    textArray(rows.map(({ type }) => type)),
    numberArray(rows.map(({ partition }) => partition)),
    textArray(rows.map(({ pool }) => pool)),
    textArray(rows.map(({ dataset }) => dataset)),
    numberArray(rows.map(({ epoch }) => epoch)),
    numberArray(rows.map(({ syncCount }) => syncCount)),
    numberArray(rows.map(({ previousEpoch }) => previousEpoch)),
    numberArray(rows.map(({ previous }) => previous)),
    numberArray(rows.map(({ createdAt }) => createdAt)),
    textArray(rows.map(({ payload }) => payload)),
    relay,
  ])
  return placed.then(([row]) => row!.last)
}

// The rows come in the order of the lists, and each takes the next place of the sequence.
const INSERT = prepared(`WITH placed AS (
    INSERT INTO outbox (shard, id, aggregatetype, aggregateid, type, "partition", pool_id, dataset, epoch, sync_count, previous_epoch, previous_count,
        created_at, payload)
      SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[], $9::bigint[],
        $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[])
      RETURNING shard, aggregatetype, seq
  ), unpublished AS (
    INSERT INTO outbox_unpublished (shard, stream_name, seq)
      SELECT shard, aggregatetype, seq FROM placed WHERE $15::boolean
  )
  SELECT max(seq) AS last FROM placed`)

// A dataset may be published whole twice at the same count: its records are the same, and stay for the later one. Within one group ids are unique.
export const KEEP_LINKED = prepared(`INSERT INTO outbox_linked AS held (id, records, created_at)
  SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
  ON CONFLICT (id) DO UPDATE SET records = excluded.records, created_at = greatest(held.created_at, excluded.created_at)`)
