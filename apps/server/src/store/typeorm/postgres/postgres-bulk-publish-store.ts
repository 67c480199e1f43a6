import type { IdentityPoolId } from '@satchel/protocol'
import type { BeginOutcome, BulkPublish, BulkPublishStore } from '../../bulk-publish-store.js'
import { linkMaker, WITHOUT_LINKS, type StreamStorage } from '../../stream-storage.js'
import { BULK_COLUMNS, bulkPublishOf, type BulkPublishRow } from '../bulk-publish-row.js'
import { advanceBulkPublish } from './postgres-bulk-publish.js'
import type { Statements } from './postgres-database.js'
import { prepared } from './prepared.js'
import { SHARD_LIST, WAITING } from './unpublished-streams.js'

/** Keeps bulk publishes in PostgreSQL. */
export class PostgresBulkPublishStore implements BulkPublishStore {
  constructor(
    private readonly database: Statements,
    private readonly streams: StreamStorage = WITHOUT_LINKS,
  ) {}

  async begin({
    pool,
    at,
    unlessCompletedAfter,
  }: Readonly<{ pool: IdentityPoolId; at: number; unlessCompletedAfter: number }>): Promise<BeginOutcome> {
    for (;;) {
      const [begun] = await this.database.transaction((transaction) =>
        transaction.query<BulkPublishRow>(BEGIN, [pool, at, unlessCompletedAfter]),
      )
      if (begun !== undefined) return { kind: 'begun', bulk: bulkPublishOf(begun) }
      const held = await this.find(pool)
      if (held?.status === 'IN_PROGRESS') return { kind: 'in-progress' }
      const completedAt = held?.completedAt ?? null
      if (completedAt !== null && completedAt > unlessCompletedAfter) return { kind: 'too-soon', completedAt }
      // What was in its way has ended since.
    }
  }

  async find(pool: IdentityPoolId): Promise<BulkPublish | null> {
    return (await this.database.query<BulkPublishRow>(FIND, [pool])).map(bulkPublishOf)[0] ?? null
  }

  async inProgress(): Promise<readonly BulkPublish[]> {
    return (await this.database.query<BulkPublishRow>(IN_PROGRESS)).map(bulkPublishOf)
  }

  advance(request: Parameters<BulkPublishStore['advance']>[0]): Promise<BulkPublish | null> {
    const { relay, linkKey, publicUrl } = this.streams
    const rule = { relay, link: linkMaker(linkKey, publicUrl()) }
    return this.database.transaction((transaction) => advanceBulkPublish(transaction, request, rule))
  }

  async unpublishedRows(pool: IdentityPoolId): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(UNPUBLISHED, [SHARD_LIST, pool])
    return row!.count
  }

  async end({
    pool,
    at,
    failure,
  }: Readonly<{ pool: IdentityPoolId; at: number; failure: string | null }>): Promise<void> {
    const values = failure === null ? ['SUCCEEDED', at, null, pool] : ['FAILED', null, failure, pool]
    await this.database.transaction((transaction) => transaction.run(END, values))
  }
}

const FIND = prepared(`SELECT ${BULK_COLUMNS} FROM bulk_publish WHERE pool_id = $1`)

const IN_PROGRESS = prepared(
  `SELECT ${BULK_COLUMNS} FROM bulk_publish WHERE status = 'IN_PROGRESS' ORDER BY started_at, pool_id`,
)

// One statement judges and stores: of two that begin at once the second sees what the first one stored.
const BEGIN =
  prepared(`INSERT INTO bulk_publish AS held (pool_id, status, started_at, datasets, complete, first_seq, last_seq)
  VALUES ($1, 'IN_PROGRESS', $2, 0, false, 0, 0)
  ON CONFLICT (pool_id) DO UPDATE SET status = excluded.status, started_at = excluded.started_at, completed_at = NULL, failure = NULL,
      after_identity = NULL, after_dataset = NULL, datasets = 0, complete = false, first_seq = 0, last_seq = 0
    WHERE held.status <> 'IN_PROGRESS' AND (held.completed_at IS NULL OR held.completed_at <= $3)
  RETURNING ${BULK_COLUMNS}`)

const END = prepared(`UPDATE bulk_publish SET status = $1, completed_at = $2, failure = $3
  WHERE pool_id = $4 AND status = 'IN_PROGRESS'`)

const UNPUBLISHED = prepared(`${WAITING}
  SELECT count(*) AS count FROM bulk_publish AS b CROSS JOIN waiting AS w
    JOIN outbox_unpublished AS u ON u.shard = w.shard AND u.stream_name = w.stream AND u.seq BETWEEN b.first_seq AND b.last_seq
    JOIN outbox AS o ON o.shard = u.shard AND o.seq = u.seq
  WHERE b.pool_id = $2 AND o.pool_id = b.pool_id AND o.type = 'snapshot'`)
