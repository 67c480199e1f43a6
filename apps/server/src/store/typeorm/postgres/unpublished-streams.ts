import { SHARDS } from '../../../domain/outbox-row.js'

/** Every shard, as a list. */
export const SHARD_LIST: readonly number[] = Array.from({ length: SHARDS }, (_, shard) => shard)

/**
 * `waiting (shard, stream)`: which streams have unpublished rows in which of the shards of a list, value 1 of the statement. Goes from
 * one stream's first row to the next one's, however many rows lie between.
 */
export const WAITING = `WITH RECURSIVE found (shard, stream) AS (
    SELECT shard, (SELECT u.stream_name FROM outbox_unpublished AS u WHERE u.shard = wanted.shard ORDER BY u.stream_name LIMIT 1)
      FROM unnest($1::int[]) AS wanted (shard)
    UNION ALL
    SELECT f.shard, (SELECT u.stream_name FROM outbox_unpublished AS u
        WHERE u.shard = f.shard AND u.stream_name > f.stream ORDER BY u.stream_name LIMIT 1)
      FROM found AS f WHERE f.stream IS NOT NULL
  ),
  waiting AS (SELECT shard, stream FROM found WHERE stream IS NOT NULL)`

/** {@link WAITING}, and `live (shard, stream)`: those of them that are not parked. */
export const LIVE = `${WAITING},
  live AS (SELECT shard, stream FROM waiting
    WHERE NOT EXISTS (SELECT 1 FROM stream_park AS p WHERE p.stream_name = waiting.stream))`
