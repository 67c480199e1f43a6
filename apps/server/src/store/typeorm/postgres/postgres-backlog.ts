import type { Backlog } from '../../outbox-store.js'
import { BY_KEY } from './by-key.js'
import type { Statements } from './postgres-database.js'
import { prepared } from './prepared.js'
import { LIVE, SHARD_LIST } from './unpublished-streams.js'

/** Into so many stretches of places a stream's part of a shard is divided, of each of which so many rows are looked at. */
const STRETCHES = 16
const ROWS_PER_STRETCH = 1_000

/** Counting ten million rows takes some seconds. */
const COUNT_MS_MAX = 60_000

/**
 * What waits: counted where it is little, else estimated from samples of each stream's places, so that a look reads a bounded number of rows of each stream,
 * however many wait (PL11). Where an estimate reaches `countedFrom`, the rows are counted, up to that number.
 */
export function readBacklog(database: Statements, countedFrom: number): Promise<Backlog> {
  return database.snapshot(async (snapshot) => {
    const [, [estimate]] = await Promise.all([
      snapshot.query(BY_KEY),
      snapshot.query<Backlog>(ESTIMATE, [SHARD_LIST, STRETCHES, ROWS_PER_STRETCH]),
    ])
    if (estimate!.rows < countedFrom) return estimate!
    await snapshot.query(PATIENTLY)
    const [counted] = await snapshot.query<{ rows: number }>(COUNT, [SHARD_LIST, countedFrom])
    return { ...estimate!, rows: counted!.rows }
  })
}

// Of a stretch that has more rows than are looked at, the rest is taken to lie as densely as those.
const ESTIMATE = prepared(`${LIVE},
  bounds AS (
    SELECT l.shard, l.stream, first.seq AS first, (last.seq - first.seq) / $2::int + 1 AS width
    FROM live AS l
      CROSS JOIN LATERAL (SELECT seq FROM outbox_unpublished AS u WHERE u.shard = l.shard AND u.stream_name = l.stream
        ORDER BY u.seq LIMIT 1) AS first
      CROSS JOIN LATERAL (SELECT seq FROM outbox_unpublished AS u WHERE u.shard = l.shard AND u.stream_name = l.stream
        ORDER BY u.seq DESC LIMIT 1) AS last
  ),
  sampled AS (
    SELECT b.width, b.first + n * b.width AS begins, sample.rows, sample.through
    FROM bounds AS b CROSS JOIN generate_series(0, $2::int - 1) AS n
      CROSS JOIN LATERAL (
        SELECT count(*) AS rows, max(seq) AS through FROM (
          SELECT seq FROM outbox_unpublished AS u WHERE u.shard = b.shard AND u.stream_name = b.stream
            AND u.seq >= b.first + n * b.width AND u.seq < b.first + (n + 1) * b.width ORDER BY u.seq LIMIT $3::int) AS firsts) AS sample
  )
  SELECT (SELECT coalesce(round(sum(CASE WHEN rows < $3::int THEN rows ELSE rows::float8 * width / (through - begins + 1) END)), 0)::bigint
      FROM sampled) AS "rows",
    (SELECT min(o.created_at) FROM bounds AS b JOIN outbox AS o ON o.shard = b.shard AND o.seq = b.first) AS "oldestAt"`)

const PATIENTLY = prepared(`SET LOCAL statement_timeout = ${COUNT_MS_MAX}`)

const COUNT = {
  ...prepared(`${LIVE}
  SELECT count(*) AS rows FROM (SELECT 1 FROM live AS l CROSS JOIN LATERAL
    (SELECT 1 FROM outbox_unpublished AS u WHERE u.shard = l.shard AND u.stream_name = l.stream) AS each LIMIT $2) AS first_ones`),
  query_timeout: COUNT_MS_MAX,
}
