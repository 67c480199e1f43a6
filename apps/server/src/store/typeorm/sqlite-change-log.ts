import type { SyncCount } from '@satchel/protocol'
import type { QueryRunner } from 'typeorm'
import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { ChangeLog, DatasetCursor, LogPage, StreamedDataset } from '../change-log.js'
import { OUTBOX_COLUMNS, WAITING } from './outbox-columns.js'

/** Reads the change log through a connection that sees committed data only. */
export class SqliteChangeLog implements ChangeLog {
  constructor(private readonly reads: QueryRunner) {}

  streamedDatasets({
    after,
    limit,
  }: Readonly<{ after: DatasetCursor | null; limit: number }>): Promise<readonly StreamedDataset[]> {
    return this.query(STREAMED, [after?.identity ?? '', after?.dataset ?? '', limit])
  }

  async newestSeq(): Promise<number> {
    const [found] = await this.query<{ seq: number }>(NEWEST_SEQ, [])
    return found?.seq ?? 0
  }

  rows({ after, limit, bytesMax = Number.MAX_SAFE_INTEGER }: LogPage): Promise<readonly PlacedOutboxRow[]> {
    return this.query(ROWS, [after, limit, bytesMax])
  }

  rowsOf(
    { identity, dataset }: DatasetCursor,
    { from, limit }: Readonly<{ from: SyncCount; limit: number }>,
  ): Promise<readonly PlacedOutboxRow[]> {
    return this.query(ROWS_OF, [identity, dataset, from, limit])
  }

  async unpublishedSeqs({ after, limit }: Readonly<{ after: number; limit: number }>): Promise<readonly number[]> {
    const rows = await this.query<{ seq: number }>(UNPUBLISHED, [after, limit, limit])
    return rows.map(({ seq }) => seq)
  }

  private query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return this.reads.query(sql, parameters) as Promise<Row[]>
  }
}

const STREAMED = `SELECT i.pool_id AS pool, d.identity_id AS identity, d.name AS dataset, d.epoch,
    d.sync_count AS syncCount, d.streamed_epoch AS streamedEpoch, d.streamed_count AS streamedThrough,
    d.stream_begun AS streamBegun
  FROM dataset AS d CROSS JOIN identity AS i ON i.identity_id = d.identity_id
  WHERE d.streamed_count > 0 AND (d.identity_id, d.name) > (?, ?) ORDER BY d.identity_id, d.name LIMIT ?`

const NEWEST_SEQ = 'SELECT seq FROM outbox ORDER BY seq DESC LIMIT 1'

// How large a payload is stands before it, so that none is read that is not wanted.
const ROWS = `WITH sized AS (
    SELECT seq, row_number() OVER (ORDER BY seq) AS place, sum(size) OVER (ORDER BY seq) AS bytes
    FROM (SELECT seq, octet_length(payload) AS size FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?)
  )
  SELECT ${OUTBOX_COLUMNS} FROM sized AS s CROSS JOIN outbox AS o ON o.seq = s.seq WHERE s.place = 1 OR s.bytes <= ? ORDER BY o.seq`

const ROWS_OF = `SELECT ${OUTBOX_COLUMNS} FROM outbox AS o WHERE o.aggregateid = ? AND o.dataset = ? AND o.type = 'change'
  AND o.sync_count >= ? ORDER BY o.sync_count, o.seq LIMIT ?`

const UNPUBLISHED = `${WAITING}
  SELECT u.seq FROM waiting AS w
    CROSS JOIN outbox_unpublished AS u ON u.stream_name = w.stream AND u.seq IN
      (SELECT next.seq FROM outbox_unpublished AS next
        WHERE next.stream_name = w.stream AND next.seq > ? ORDER BY next.seq LIMIT ?)
  ORDER BY u.seq LIMIT ?`
