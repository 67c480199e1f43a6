import { outboxRowOf, type LinkAt } from '../../../domain/outbox-row-of.js'
import type { StreamChange } from '../../../domain/stream-change.js'
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
 * at all.
 */
export async function insertOutbox(
  transaction: Transaction,
  changes: readonly StreamChange[],
  { relay, link }: OutboxRule,
): Promise<number> {
  if (changes.length === 0) return 0
  const made = changes.map((change) => outboxRowOf(change, link))
  const rows = made.map(({ row }) => row)
  const linked = made.flatMap(({ linked }) => (linked === null ? [] : [linked]))
  const [, [placed]] = await Promise.all([
    linked.length === 0
      ? null
      : transaction.run(KEEP_LINKED, [
          linked.map(({ id }) => id),
          linked.map(({ records }) => records),
          linked.map(({ createdAt }) => createdAt),
        ]),
    transaction.query<{ last: number }>(INSERT, [
      rows.map(({ shard }) => shard),
      rows.map(({ id }) => id),
      rows.map(({ streamName }) => streamName),
      rows.map(({ identity }) => identity),
      rows.map(({ type }) => type),
      rows.map(({ partition }) => partition),
      rows.map(({ pool }) => pool),
      rows.map(({ dataset }) => dataset),
      rows.map(({ epoch }) => epoch),
      rows.map(({ syncCount }) => syncCount),
      rows.map(({ previousEpoch }) => previousEpoch),
      rows.map(({ previous }) => previous),
      rows.map(({ createdAt }) => createdAt),
      rows.map(({ payload }) => payload),
      relay,
    ]),
  ])
  return placed!.last
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
