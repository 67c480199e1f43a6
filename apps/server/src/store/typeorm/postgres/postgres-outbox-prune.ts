import { BY_KEY } from './by-key.js'
import type { Transaction } from './connections.js'
import { prepared } from './prepared.js'
import { SHARD_LIST } from './unpublished-streams.js'

/** Rows that one pruning looks at: at the worst they all wait. */
const ROWS_LOOKED_AT = 2_000

export type PruneRange = Readonly<{ before: number; limit: number; after: number }>

type Seen = Readonly<{ shard: number; seq: number; id: string; createdAt: number; waits: boolean }>

/**
 * Removes up to `limit` published rows that were made before a time, of the next {@link ROWS_LOOKED_AT} after a place, in the caller's transaction. `next` is where
 * to go on: 0, the beginning, once there is nothing further on that is old enough.
 */
export async function pruneOutbox(
  transaction: Transaction,
  { before, limit, after }: PruneRange,
): Promise<Readonly<{ pruned: number; next: number }>> {
  const values = [SHARD_LIST, after, ROWS_LOOKED_AT]
  const [, seen] = await Promise.all([transaction.query(BY_KEY), transaction.query<Seen>(LOOK, values)])
  const young = seen.findIndex(({ createdAt }) => createdAt >= before)
  const old = young === -1 ? seen : seen.slice(0, young)
  const gone = old.filter(({ waits }) => !waits).slice(0, limit)
  if (gone.length > 0) {
    await Promise.all([
      transaction.run(FORGET_LINKED, [gone.map(({ id }) => id), before]),
      transaction.run(FORGET_ROWS, [gone.map(({ shard }) => shard), gone.map(({ seq }) => seq)]),
    ])
  }
  if (gone.length === limit) return { pruned: limit, next: gone.at(-1)?.seq ?? 0 }
  const isAll = young !== -1 || seen.length < ROWS_LOOKED_AT
  return { pruned: gone.length, next: isAll ? 0 : seen.at(-1)!.seq }
}

const LOOK =
  prepared(`SELECT o.shard, o.seq, o.id, o.created_at AS "createdAt", EXISTS (SELECT 1 FROM outbox_unpublished AS u
    WHERE u.shard = o.shard AND u.stream_name = o.aggregatetype AND u.seq = o.seq) AS waits
  FROM unnest($1::int[]) AS wanted (shard) CROSS JOIN LATERAL (
    SELECT shard, seq, id, created_at, aggregatetype FROM outbox WHERE outbox.shard = wanted.shard AND outbox.seq > $2
    ORDER BY outbox.seq LIMIT $3) AS o
  ORDER BY o.seq LIMIT $3`)

const FORGET_LINKED = prepared('DELETE FROM outbox_linked WHERE id = ANY ($1::text[]) AND created_at < $2')

const FORGET_ROWS = prepared(`DELETE FROM outbox USING unnest($1::int[], $2::bigint[]) AS gone (shard, seq)
  WHERE outbox.shard = gone.shard AND outbox.seq = gone.seq`)
