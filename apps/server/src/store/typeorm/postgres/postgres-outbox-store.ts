import type { PlacedOutboxRow } from '../../../domain/outbox-row.js'
import type { Backlog, OutboxStore, ParkedStream, UnpublishedPage } from '../../outbox-store.js'
import { OUTBOX_COLUMNS } from '../outbox-columns.js'
import { leaseNow, presentTime, type LeaseTime } from './lease-time.js'
import type { Statements } from './postgres-database.js'
import { BY_KEY } from './by-key.js'
import { KEEP_LINKED } from './postgres-outbox-insert.js'
import { readBacklog } from './postgres-backlog.js'
import { pruneOutbox } from './postgres-outbox-prune.js'
import { prepared, type Prepared } from './prepared.js'
import { LIVE } from './unpublished-streams.js'

/** The outbox in PostgreSQL, which relays of several processes share by their leases. */
export class PostgresOutboxStore implements OutboxStore {
  /** Where the next pruning goes on. */
  private prunedTo = 0

  constructor(
    private readonly database: Statements,
    private readonly leaseTime: LeaseTime = 'database',
    /** For what callers ask for, where that has another turn than the rest. */
    private readonly asked: Pick<Statements, 'query'> = database,
  ) {}

  unpublished(
    shards: readonly number[],
    { limit, bytesMax, without = NOTHING }: UnpublishedPage,
  ): Promise<readonly PlacedOutboxRow[]> {
    return this.database.snapshot(async (snapshot) => {
      const { seqs, streams } = without
      const values = [shards, limit, Math.min(bytesMax, Number.MAX_SAFE_INTEGER), streams, seqs]
      const [, rows] = await Promise.all([snapshot.query(BY_KEY), snapshot.query<PlacedOutboxRow>(FIRST, values)])
      return rows
    })
  }

  markPublished({
    shard,
    lease: { name, holder, epoch },
    seqs,
    now,
  }: Parameters<OutboxStore['markPublished']>[0]): Promise<boolean> {
    return this.database.transaction(async (transaction) => {
      const values = [name, holder, epoch, leaseNow(this.leaseTime, now)]
      if ((await transaction.query(HOLDS_LEASE, values)).length === 0) return false
      await Promise.all([transaction.query(BY_KEY), transaction.run(PUBLISHED, [shard, seqs])])
      return true
    })
  }

  backlog(countedFrom = Infinity): Promise<Backlog> {
    return readBacklog(this.database, countedFrom)
  }

  park({ streamName, reason, at }: ParkedStream): Promise<void> {
    return this.write(PARK, [streamName, reason, at])
  }

  unpark(streamName: string): Promise<void> {
    return this.write(UNPARK, [streamName])
  }

  parked(): Promise<readonly ParkedStream[]> {
    return this.database.query(PARKED)
  }

  async prune(range: Readonly<{ before: number; limit: number }>): Promise<number> {
    const after = this.prunedTo
    const { pruned, next } = await this.database.transaction((transaction) =>
      pruneOutbox(transaction, { ...range, after }),
    )
    this.prunedTo = next
    return pruned
  }

  addLinkedRecords({
    id,
    records,
    createdAt,
  }: Readonly<{ id: string; records: string; createdAt: number }>): Promise<void> {
    return this.write(KEEP_LINKED, [[id], [records], [createdAt]])
  }

  async linkedRecords(id: string): Promise<string | null> {
    const [row] = await this.asked.query<{ records: string }>(LINKED, [id])
    return row?.records ?? null
  }

  private async write(statement: Prepared, values: readonly unknown[]): Promise<void> {
    await this.database.transaction((transaction) => transaction.run(statement, values))
  }
}

const NOTHING = { seqs: [], streams: [] }

// OFFSET 0 keeps each look-up one by key, whatever the planner thinks of the tables' sizes.
const FIRST = prepared(`${LIVE},
  sized AS (
    SELECT o.shard, o.seq, row_number() OVER (ORDER BY o.seq) AS place, sum(octet_length(o.payload)) OVER (ORDER BY o.seq) AS bytes
    FROM (
      SELECT l.shard, u.seq FROM live AS l CROSS JOIN LATERAL (
        SELECT seq FROM outbox_unpublished AS first WHERE first.shard = l.shard AND first.stream_name = l.stream
          AND first.seq <> ALL ($5::bigint[])
        ORDER BY first.seq LIMIT $2) AS u
      WHERE l.stream <> ALL ($4::text[])
      ORDER BY u.seq LIMIT $2
    ) AS first CROSS JOIN LATERAL (SELECT * FROM outbox WHERE outbox.shard = first.shard AND outbox.seq = first.seq OFFSET 0) AS o
  )
  SELECT ${OUTBOX_COLUMNS} FROM sized AS s
    CROSS JOIN LATERAL (SELECT * FROM outbox WHERE outbox.shard = s.shard AND outbox.seq = s.seq OFFSET 0) AS o
  WHERE s.place = 1 OR s.bytes <= $3::bigint ORDER BY o.seq`)

// Locked, so that nobody takes it over before this is committed.
const HOLDS_LEASE = prepared(`SELECT 1 FROM stream_lease
  WHERE name = $1 AND holder = $2 AND epoch = $3 AND until > ${presentTime(4)} FOR SHARE`)

const PUBLISHED = prepared(`WITH marked AS MATERIALIZED (
    SELECT o.shard, o.aggregatetype AS stream, o.seq FROM unnest($2::bigint[]) AS wanted (seq)
      CROSS JOIN LATERAL (SELECT * FROM outbox WHERE outbox.shard = $1 AND outbox.seq = wanted.seq OFFSET 0) AS o
  )
  DELETE FROM outbox_unpublished AS u USING marked AS m
    WHERE u.shard = m.shard AND u.stream_name = m.stream AND u.seq = m.seq`)

const PARK = prepared(`INSERT INTO stream_park (stream_name, reason, parked_at) VALUES ($1, $2, $3)
  ON CONFLICT (stream_name) DO NOTHING`)

const UNPARK = prepared('DELETE FROM stream_park WHERE stream_name = $1')

const PARKED = prepared(
  'SELECT stream_name AS "streamName", reason, parked_at AS at FROM stream_park ORDER BY stream_name',
)

const LINKED = prepared('SELECT records FROM outbox_linked WHERE id = $1')
