import 'reflect-metadata'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { IDENTITY, path, POOL, replace } from '../../domain/testing/a-dataset.js'
import { aTarget } from '../testing/stream-harness.js'
import { SqliteBulkPublishStore } from './sqlite-bulk-publish-store.js'
import { SqliteDatabase } from './sqlite-database.js'
import { SqliteDatasetStore } from './sqlite-dataset-store.js'
import { SqliteOutboxStore } from './sqlite-outbox-store.js'

/** `value` from 1 to the number that is given. */
const ROWS = `(WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ?) SELECT value FROM n)`

/** What only shows with more rows than one statement looks at. */
describe('the outbox in SQLite', () => {
  let directory: string
  let database: SqliteDatabase
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'satchel-outbox-'))
    database = await SqliteDatabase.open(join(directory, 'satchel.db'))
    await write(`INSERT INTO identity_pool VALUES (?, 'pool', '{}', '{}', '{}', 0, 0, NULL)`, [POOL])
  })
  afterEach(async () => {
    await database.close()
    rmSync(directory, { recursive: true })
  })

  const write = (sql: string, values: unknown[]) =>
    database.lane.transaction(async (runner) => {
      await runner.query(sql, values)
    })

  test('[V13] published rows behind very many that wait are pruned, in several calls', async () => {
    const waiting = 5_000
    await write(
      `INSERT INTO outbox SELECT value, 'id', 'changes', 'identity', 'change', 0, 0, ?, 'dataset', 1, value, 1, value - 1, 1000, '{}'
         FROM ${ROWS}`,
      [POOL, waiting + 3],
    )
    await write(`INSERT INTO outbox_unpublished SELECT 0, 'changes', value FROM ${ROWS}`, [waiting])
    const outbox = new SqliteOutboxStore(database)
    let pruned = 0
    let calls = 0
    for (; pruned < 3; calls++) pruned += await outbox.prune({ before: 2_000, limit: 200 })
    expect({ pruned, calls }).toEqual({ pruned: 3, calls: 3 })
    expect(await outbox.backlog()).toEqual({ rows: waiting, oldestAt: 1_000 })
    expect(await outbox.prune({ before: 2_000, limit: 200 })).toBe(0)
  })

  test('[V5] a row that somebody took out by hand holds up none of those that wait behind it', async () => {
    await write(
      `INSERT INTO outbox SELECT value, 'id', 'changes', 'identity', 'change', 0, 0, ?, 'dataset', 1, value, 1, value - 1, 1000, '{}'
         FROM ${ROWS}`,
      [POOL, 3],
    )
    await write(`INSERT INTO outbox_unpublished SELECT 0, 'changes', value FROM ${ROWS}`, [3])
    await write('DELETE FROM outbox WHERE seq = ?', [1])
    const rows = await new SqliteOutboxStore(database).unpublished([0], { limit: 9, bytesMax: 99 })
    expect(rows.map(({ seq, previous }) => [seq, previous])).toEqual([
      [2, 1],
      [3, 2],
    ])
  })

  test('[V13] large rows are pruned few at a time, so that a write behind them hardly waits, and a call still removes all it may', async () => {
    const rows = 12
    await write(
      `INSERT INTO outbox SELECT value, 'id' || value, 'changes', 'identity', 'change', 0, 0, ?, 'dataset', 1, value, 1, value - 1, 1000,
         CASE WHEN value % 2 THEN '{}' ELSE printf('%.*c', 1048576, 'x') END FROM ${ROWS}`,
      [POOL, rows],
    )
    await write(
      `INSERT INTO outbox_linked SELECT 'id' || value, 1000, printf('%.*c', 1048576, 'x') FROM ${ROWS} WHERE value % 2`,
      [rows],
    )
    const range = { before: 2_000, limit: 200, after: 0 }
    expect(await database.inThread('prune', range)).toEqual({ pruned: 4, next: 4, full: true })
    expect(await new SqliteOutboxStore(database).prune(range)).toBe(rows - 4)
    expect(await database.reads.query('SELECT id FROM outbox UNION ALL SELECT id FROM outbox_linked')).toEqual([])
  })

  test('[V32] what waits is counted as it comes and goes, however many they are, and not by looking at each', async () => {
    const outbox = new SqliteOutboxStore(database)
    await write(`INSERT INTO outbox_unpublished SELECT value % 8, 'changes', value FROM ${ROWS}`, [1_000])
    await write(`INSERT INTO outbox_unpublished SELECT value % 8, 'others', value + 1000 FROM ${ROWS}`, [30])
    await write('DELETE FROM outbox_unpublished WHERE seq <= ?', [400])
    expect(await outbox.backlog()).toMatchObject({ rows: 630 })
    await outbox.park({ streamName: 'changes', reason: 'gone', at: 1 })
    expect(await outbox.backlog()).toMatchObject({ rows: 30 })
    await write(`UPDATE outbox_waiting SET "rows" = ? WHERE stream_name = 'others'`, [10_000_000])
    expect(await outbox.backlog()).toMatchObject({ rows: 10_000_000 })
  })

  test('[V15] a pool with very many identities that have no dataset is gone through step by step', async () => {
    await write(`INSERT INTO identity SELECT 'us-east-1:' || (value + 100000), ?, 0, 0, NULL FROM ${ROWS}`, [
      POOL,
      2_500,
    ])
    const identities = [100_001, 100_002, 102_500].map((n) => `us-east-1:${n}` as IdentityId)
    await write('INSERT INTO identity VALUES (?, ?, 0, 0, NULL)', [IDENTITY, POOL])
    const datasets = new SqliteDatasetStore(database)
    const updates = identities.map((identity, n) => ({
      kind: 'update' as const,
      path: path('settings', identity),
      batch: [replace('a', 'value')],
      origin: { id: `s${n}`, number: 0, hash: 'h' },
      device: null,
      at: 1,
      by: 'me',
    }))
    await datasets.commit(updates, AWS_LIMITS)
    const bulk = new SqliteBulkPublishStore(database)
    await bulk.begin({ pool: POOL, at: 1, unlessCompletedAfter: 0 })
    const step = () => bulk.advance({ pool: POOL, target: aTarget(), at: 1, datasetsMax: 10, bytesMax: 1_000 })
    expect(await step()).toMatchObject({ datasets: 2, complete: false, after: { dataset: '' } })
    expect(await step()).toMatchObject({ datasets: 2, complete: false, after: { dataset: '' } })
    expect(await step()).toMatchObject({ datasets: 3, complete: true, lastSeq: 3 })
    expect(await database.reads.query('SELECT aggregateid AS identity FROM outbox ORDER BY seq')).toEqual(
      identities.map((identity) => ({ identity })),
    )
    expect(await bulk.unpublishedRows(POOL)).toBe(3)
  })
})
