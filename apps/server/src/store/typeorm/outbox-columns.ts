import { SHARDS } from '../../domain/outbox-row.js'

/** Every shard, as a JSON list. */
export const ALL_SHARDS = JSON.stringify(Array.from({ length: SHARDS }, (_, shard) => shard))

/** The columns of table `outbox o` under the names of `PlacedOutboxRow`. */
export const OUTBOX_COLUMNS = `o.seq, o.id, o.aggregatetype AS "streamName", o.aggregateid AS "identity", o.type, o.payload,
  o."partition", o.shard, o.pool_id AS "pool", o.dataset, o.epoch, o.sync_count AS "syncCount",
  o.previous_epoch AS "previousEpoch", o.previous_count AS "previous", o.created_at AS "createdAt"`

/**
 * `waiting (shard, stream)`: which streams have unpublished rows in which of the shards of a JSON list, the one value. Goes from
 * one stream's first row to the next one's, however many rows lie between.
 */
export const WAITING = `WITH RECURSIVE found (shard, stream) AS (
    SELECT value, (SELECT stream_name FROM outbox_unpublished WHERE shard = value ORDER BY stream_name LIMIT 1)
      FROM json_each(?)
    UNION ALL
    SELECT f.shard, (SELECT u.stream_name FROM outbox_unpublished AS u
        WHERE u.shard = f.shard AND u.stream_name > f.stream ORDER BY u.stream_name LIMIT 1)
      FROM found AS f WHERE f.stream IS NOT NULL
  ),
  waiting (shard, stream) AS (SELECT shard, stream FROM found WHERE stream IS NOT NULL)`

/** {@link WAITING}, and `live (shard, stream)`: those of them that are not parked. */
export const LIVE = `${WAITING},
  live (shard, stream) AS (SELECT shard, stream FROM waiting WHERE stream NOT IN (SELECT stream_name FROM stream_park))`
