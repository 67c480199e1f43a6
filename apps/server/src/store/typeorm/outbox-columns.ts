/** The columns of table `outbox o` under the names of `PlacedOutboxRow`. */
export const OUTBOX_COLUMNS = `o.seq, o.id, o.aggregatetype AS "streamName", o.aggregateid AS "identity", o.type, o.payload,
  o."partition", o.shard, o.pool_id AS "pool", o.dataset, o.epoch, o.sync_count AS "syncCount",
  o.previous_epoch AS "previousEpoch", o.previous_count AS "previous", o.created_at AS "createdAt"`

/**
 * `waiting (stream)`: which streams have unpublished rows. Goes from one stream's first row to the next one's, however many rows lie between.
 */
export const WAITING = `WITH RECURSIVE found (stream) AS (
    SELECT (SELECT stream_name FROM outbox_unpublished ORDER BY stream_name LIMIT 1)
    UNION ALL
    SELECT (SELECT u.stream_name FROM outbox_unpublished AS u WHERE u.stream_name > f.stream ORDER BY u.stream_name LIMIT 1)
      FROM found AS f WHERE f.stream IS NOT NULL
  ),
  waiting (stream) AS (SELECT stream FROM found WHERE stream IS NOT NULL)`

/** {@link WAITING}, and `live (stream)`: those of them that are not parked. */
export const LIVE = `${WAITING},
  live (stream) AS (SELECT stream FROM waiting WHERE stream NOT IN (SELECT stream_name FROM stream_park))`
