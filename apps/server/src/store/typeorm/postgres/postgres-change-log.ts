import type { SyncCount } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../../../domain/outbox-row.js'
import type { ChangeLog, DatasetCursor, LogPage, StreamedDataset } from '../../change-log.js'
import { OUTBOX_COLUMNS } from '../outbox-columns.js'
import type { Transaction } from './connections.js'
import { prepared } from './prepared.js'
import { SHARD_LIST, WAITING } from './unpublished-streams.js'

/**
 * Reads the change log. Whatever was committed before the first page is in the pages; of what is committed while they are read, by transactions that took
 * their places before, a row may be missed. A dataset's changes take their places under the lock of its identity, each after the one before is committed.
 */
export class PostgresChangeLog implements ChangeLog {
  constructor(private readonly reads: Pick<Transaction, 'query'>) {}

  streamedDatasets({
    after,
    limit,
  }: Readonly<{ after: DatasetCursor | null; limit: number }>): Promise<readonly StreamedDataset[]> {
    return this.reads.query(STREAMED, [after?.identity ?? '', after?.dataset ?? '', limit])
  }

  async newestSeq(): Promise<number> {
    const [found] = await this.reads.query<{ seq: number }>(NEWEST_SEQ, [SHARD_LIST])
    return found?.seq ?? 0
  }

  rows({ after, limit, bytesMax = Number.MAX_SAFE_INTEGER }: LogPage): Promise<readonly PlacedOutboxRow[]> {
    return this.reads.query(ROWS, [SHARD_LIST, after, limit, bytesMax])
  }

  rowsOf(
    { identity, dataset }: DatasetCursor,
    { from, limit }: Readonly<{ from: SyncCount; limit: number }>,
  ): Promise<readonly PlacedOutboxRow[]> {
    return this.reads.query(ROWS_OF, [identity, dataset, from, limit])
  }

  async unpublishedSeqs({ after, limit }: Readonly<{ after: number; limit: number }>): Promise<readonly number[]> {
    const rows = await this.reads.query<{ seq: number }>(UNPUBLISHED, [SHARD_LIST, after, limit])
    return rows.map(({ seq }) => seq)
  }
}

const STREAMED = prepared(`SELECT i.pool_id AS pool, d.identity_id AS identity, d.name AS dataset, d.epoch,
    d.sync_count AS "syncCount", d.streamed_epoch AS "streamedEpoch", d.streamed_count AS "streamedThrough", d.stream_begun AS "streamBegun"
  FROM dataset AS d JOIN identity AS i ON i.identity_id = d.identity_id
  WHERE d.streamed_count > 0 AND (d.identity_id, d.name) > ($1, $2) ORDER BY d.identity_id, d.name LIMIT $3`)

const NEWEST_SEQ = prepared(`SELECT next.seq FROM unnest($1::int[]) AS wanted (shard) CROSS JOIN LATERAL (
    SELECT seq FROM outbox WHERE outbox.shard = wanted.shard ORDER BY outbox.seq DESC LIMIT 1) AS next
  ORDER BY next.seq DESC LIMIT 1`)

const ROWS = prepared(`SELECT ${OUTBOX_COLUMNS} FROM (
    SELECT first.shard, first.seq, row_number() OVER (ORDER BY first.seq) AS place, sum(first.size) OVER (ORDER BY first.seq) AS bytes
    FROM (
      SELECT next.shard, next.seq, next.size FROM unnest($1::int[]) AS wanted (shard) CROSS JOIN LATERAL (
        SELECT shard, seq, octet_length(payload) AS size FROM outbox
          WHERE outbox.shard = wanted.shard AND outbox.seq > $2 ORDER BY outbox.seq LIMIT $3) AS next
      ORDER BY next.seq LIMIT $3
    ) AS first
  ) AS placed
  CROSS JOIN LATERAL (SELECT * FROM outbox WHERE outbox.shard = placed.shard AND outbox.seq = placed.seq OFFSET 0) AS o
  WHERE placed.place = 1 OR placed.bytes <= $4::bigint ORDER BY o.seq`)

const ROWS_OF = prepared(`SELECT ${OUTBOX_COLUMNS} FROM outbox AS o WHERE o.aggregateid = $1 AND o.dataset = $2
  AND o.type = 'change' AND o.sync_count >= $3 ORDER BY o.sync_count, o.seq LIMIT $4`)

const UNPUBLISHED = prepared(`${WAITING}
  SELECT u.seq FROM waiting AS w CROSS JOIN LATERAL (
    SELECT seq FROM outbox_unpublished AS next WHERE next.shard = w.shard AND next.stream_name = w.stream AND next.seq > $2
    ORDER BY next.seq LIMIT $3) AS u
  ORDER BY u.seq LIMIT $3`)
