import 'reflect-metadata'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { freshDatabase, openDatabase } from '../../testing/postgres-databases.js'
import { readBacklog } from './postgres-backlog.js'
import type { PostgresDatabase } from './postgres-database.js'
import { prepared } from './prepared.js'

const ROWS = 600_000
/** Each of two streams in three shards: 16 stretches of a thousand rows, and some to find them. */
const ROWS_READ_MAX = 6 * 16 * 1_100

describeWithPostgres('a backlog of many rows', (postgres) => {
  let database: PostgresDatabase
  let name: string
  beforeAll(async () => {
    const url = await freshDatabase(postgres())
    name = new URL(url).pathname.slice(1)
    database = await openDatabase(url)
    // Half of one stream, a third of it densely at the beginning and then sparse; half of another, evenly; and a third one, which is parked.
    await postgres().ask(
      `INSERT INTO outbox_unpublished SELECT n % 3, CASE WHEN n % 2 = 0 THEN 'even' ELSE 'uneven' END,
         CASE WHEN n % 2 = 0 OR n < ${ROWS / 3} THEN n * 3 ELSE n * 20 END FROM generate_series(1, ${ROWS}) AS n;
       INSERT INTO outbox_unpublished SELECT 5, 'parked', n FROM generate_series(1, ${ROWS}) AS n;
       INSERT INTO stream_park VALUES ('parked', 'gone', 1);
       INSERT INTO outbox SELECT shard, seq, seq::text, stream_name, 'i', 'change', 1, 'p', 'd', 0, 1, 0, 0, 7, '{}'
         FROM outbox_unpublished WHERE seq < 100`,
      name,
    )
  })
  afterAll(() => database.close())

  test('[PL11] is estimated closely, from a bounded number of rows, and without those of parked streams', async () => {
    const startedAt = performance.now()
    const { rows, oldestAt } = await readBacklog(database, Infinity)
    const ms = Math.round(performance.now() - startedAt)
    console.info(`a backlog of ${ROWS} rows was taken for ${rows} in ${ms} ms`)
    expect(oldestAt).toBe(7)
    expect(rows).toBeGreaterThan(ROWS * 0.9)
    expect(rows).toBeLessThan(ROWS * 1.1)
    const [read] = await database.background.snapshot(async (snapshot) => {
      await readBacklog({ ...database.background, snapshot: (work) => work(snapshot) }, Infinity)
      return snapshot.query<{ rows: number }>(READ)
    })
    expect(read!.rows).toBeLessThan(ROWS_READ_MAX)
  })

  test('[PL11] is counted where an estimate says that it is as much as may be, and no further than that', async () => {
    expect((await readBacklog(database, ROWS / 2)).rows).toBe(ROWS / 2)
    expect((await readBacklog(database, 1)).rows).toBe(1)
    const held = await readBacklog(database, Infinity)
    expect((await readBacklog(database, held.rows)).rows).toBe(Math.min(ROWS, held.rows))
  })
})

// Rows that were looked at in this transaction, by whatever index.
const READ = prepared(`SELECT (seq_tup_read + idx_tup_fetch)::bigint AS rows FROM pg_stat_xact_user_tables
  WHERE relname = 'outbox_unpublished'`)
