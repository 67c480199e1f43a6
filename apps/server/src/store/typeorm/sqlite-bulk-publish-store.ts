import type { IdentityPoolId } from '@satchel/protocol'
import type { QueryRunner } from 'typeorm'
import type { BeginOutcome, BulkPublish, BulkPublishStore } from '../bulk-publish-store.js'
import { BULK_COLUMNS, bulkPublishOf, type BulkPublishRow } from './bulk-publish-row.js'
import { WAITING } from './outbox-columns.js'
import type { SqliteDatabase } from './sqlite-database.js'

/** Keeps bulk publishes in SQLite; their steps are done in the commit thread, where no commit overlaps them. */
export class SqliteBulkPublishStore implements BulkPublishStore {
  constructor(
    private readonly database: SqliteDatabase,
    private readonly publicUrl: () => string | null = () => null,
  ) {}

  begin({
    pool,
    at,
    unlessCompletedAfter,
  }: Readonly<{ pool: IdentityPoolId; at: number; unlessCompletedAfter: number }>): Promise<BeginOutcome> {
    return this.database.lane.transaction(async (runner): Promise<BeginOutcome> => {
      const newest = await find(runner, pool)
      if (newest?.status === 'IN_PROGRESS') return { kind: 'in-progress' }
      const completedAt = newest?.completedAt ?? null
      if (completedAt !== null && completedAt > unlessCompletedAfter) return { kind: 'too-soon', completedAt }
      await runner.query(BEGIN, [pool, at])
      return { kind: 'begun', bulk: (await find(runner, pool))! }
    })
  }

  find(pool: IdentityPoolId): Promise<BulkPublish | null> {
    return find(this.database.reads, pool)
  }

  async inProgress(): Promise<readonly BulkPublish[]> {
    return ((await this.database.reads.query(IN_PROGRESS)) as BulkPublishRow[]).map(bulkPublishOf)
  }

  advance(request: Parameters<BulkPublishStore['advance']>[0]): Promise<BulkPublish | null> {
    return this.database.inThread('advance', { ...request, publicUrl: this.publicUrl() })
  }

  async unpublishedRows(pool: IdentityPoolId): Promise<number> {
    const [row] = (await this.database.reads.query(UNPUBLISHED, [pool])) as { count: number }[]
    return row!.count
  }

  end({ pool, at, failure }: Readonly<{ pool: IdentityPoolId; at: number; failure: string | null }>): Promise<void> {
    return this.database.lane.transaction(async (runner) => {
      await runner.query(END, failure === null ? ['SUCCEEDED', at, null, pool] : ['FAILED', null, failure, pool])
    })
  }
}

async function find(runner: QueryRunner, pool: IdentityPoolId): Promise<BulkPublish | null> {
  const [row] = (await runner.query(FIND, [pool])) as BulkPublishRow[]
  return row === undefined ? null : bulkPublishOf(row)
}

const FIND = `SELECT ${BULK_COLUMNS} FROM bulk_publish WHERE pool_id = ?`

const IN_PROGRESS = `SELECT ${BULK_COLUMNS} FROM bulk_publish WHERE status = 'IN_PROGRESS' ORDER BY started_at, pool_id`

const BEGIN = `INSERT OR REPLACE INTO bulk_publish (pool_id, status, started_at, datasets, complete, first_seq, last_seq)
  VALUES (?, 'IN_PROGRESS', ?, 0, 0, 0, 0)`

const END = `UPDATE bulk_publish SET status = ?, completed_at = ?, failure = ? WHERE pool_id = ? AND status = 'IN_PROGRESS'`

const UNPUBLISHED = `${WAITING}
  SELECT count(*) AS count FROM bulk_publish AS b CROSS JOIN waiting AS w
    CROSS JOIN outbox_unpublished AS u ON u.stream_name = w.stream
      AND u.seq BETWEEN b.first_seq AND b.last_seq
    CROSS JOIN outbox AS o ON o.seq = u.seq
  WHERE b.pool_id = ? AND o.pool_id = b.pool_id AND o.type = 'snapshot'`
