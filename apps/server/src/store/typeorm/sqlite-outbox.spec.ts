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
