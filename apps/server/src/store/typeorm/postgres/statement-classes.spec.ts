import 'reflect-metadata'
import { AWS_LIMITS, type DatasetName, type IdentityId } from '@satchel/protocol'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import type { DatasetWrite } from '../../../domain/dataset-write.js'
import { count, key, path, POOL, replace } from '../../../domain/testing/a-dataset.js'
import { SystemClock } from '../../../runtime/clock.js'
import { aPool } from '../../testing/a-pool.js'
import { freshDatabase, openDatabase } from '../../testing/postgres-databases.js'
import { sourceStatements } from '../../testing/source-statements.js'
import { aTarget, STREAMS } from '../../testing/stream-harness.js'
import type { Transaction } from './connections.js'
import { PostgresBulkPublishStore } from './postgres-bulk-publish-store.js'
import { PostgresChangeLog } from './postgres-change-log.js'
import type { PostgresDatabase, Statements } from './postgres-database.js'
import { PostgresDatasetStore } from './postgres-dataset-store.js'
import { readFigures } from './postgres-figures.js'
import { PostgresIdentityStore } from './postgres-identity-store.js'
import { PostgresReplica } from './postgres-replica.js'
import { prepared, type Prepared } from './prepared.js'

const FOLDER = fileURLToPath(new URL('./', import.meta.url))
const DOCUMENT = new URL('../../../../../../docs/POSTGRES.md', import.meta.url)
const PARTITIONS = 8
const DIVIDED = /\b(?:FROM|JOIN|INTO|UPDATE|USING|TABLE)\s+(?:identity|dataset|record|batch_marker)\b/

/** By file and constant, what the document says of it. */
const documented = new Map(
  [...readFileSync(DOCUMENT, 'utf8').matchAll(/^\| `(\w+)` \| `([\w-]+)` \| (one|several) \|/gm)].map(
    ([, name, file, parts]) => [`${file} ${name}`, parts!],
  ),
)

const statements = sourceStatements(FOLDER).filter(({ text }) => DIVIDED.test(text))

test('[PL10] the document names every statement that touches a divided table, and no other', () => {
  expect(statements.length).toBeGreaterThan(30)
  expect([...documented.keys()].sort()).toEqual(statements.map(({ file, name }) => `${file} ${name}`).sort())
})

/** How many parts of the divided tables each statement touched that was asked, one after the other, in one transaction. */
class Recorder {
  readonly parts = new Map<string, number[]>()
  private last: Promise<unknown> = Promise.resolve()

  constructor(private readonly transaction: Transaction) {}

  get database(): PostgresDatabase {
    const inside = <T>(work: (given: Transaction) => Promise<T>): Promise<T> => work(this.recording)
    const all: Statements = { query: this.recording.query, transaction: inside, snapshot: inside }
    return { ...all, commit: inside, background: all } as unknown as PostgresDatabase
  }

  private readonly recording: Transaction = {
    query: (statement, values) => this.inTurn(statement, () => this.transaction.query(statement, values)),
    leave: (statement, values) => void this.recording.run(statement, values),
    run: (statement, values) => this.inTurn(statement, () => this.transaction.run(statement, values)),
  }

  private inTurn<T>(statement: Prepared, ask: () => Promise<T>): Promise<T> {
    const answer = this.last.then(async () => {
      const before = await this.touches()
      const rows = await ask()
      const after = await this.touches()
      const touched = [...after].filter(([table, times]) => times > (before.get(table) ?? 0))
      const parts = new Set(touched.map(([table]) => /\d+$/.exec(table)![0])).size
      this.parts.set(statement.text, [...(this.parts.get(statement.text) ?? []), parts])
      return rows
    })
    this.last = answer.catch(() => {})
    return answer
  }

  private async touches(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.transaction.query<{ table: string; times: number }>(TOUCHES)
    return new Map(rows.map(({ table, times }) => [table, times]))
  }
}

const id = (n: number) => `us-east-1:${n}` as IdentityId
const WHO = id(1)
const WHERE = path('settings', WHO)

const update = (n: number): DatasetWrite => ({
  kind: 'update',
  path: WHERE,
  batch: [replace(`k${n}`, 'v'), { op: 'remove', key: key(`gone${n}`), base: count(0), deviceModifiedAt: null }],
  origin: { id: `s${n}`, number: 0, hash: 'h' },
  device: null,
  at: 1,
  by: 'me',
})

/** Everything that is done with divided tables, for one identity where one is named. */
async function doAll(database: PostgresDatabase): Promise<void> {
  const datasets = new PostgresDatasetStore(database, STREAMS)
  const identities = new PostgresIdentityStore(database)
  const bulk = new PostgresBulkPublishStore(database, STREAMS)
  const log = new PostgresChangeLog(database)
  await datasets.commit([update(1), update(2)], AWS_LIMITS)
  await datasets.commit([update(3), { kind: 'delete', path: WHERE, at: 1, by: 'me' }], AWS_LIMITS)
  await datasets.commit([update(4), update(5)], AWS_LIMITS)
  await datasets.read(WHERE)
  await datasets.readSeveral(WHO, ['settings', 'other'] as DatasetName[])
  await datasets.list(WHERE, { after: { syncCount: count(0), key: null }, through: null, limit: 1 })
  const nowhere = { url: 'postgres://nobody@127.0.0.1:1/nothing', max: 1, name: 'satchel test' }
  const replica = new PostgresReplica(database, new SystemClock(), nowhere)
  await replica.list(WHERE, { after: { syncCount: count(0), key: null }, through: null, limit: 1_000 })
  await replica.close()
  await datasets.hasMarker(WHO, 's1')
  await datasets.listDatasets(WHO, { after: '', limit: 10 })
  await datasets.identityUsage(WHO)
  await readFigures(database)

  const login = { provider: 'login.test', userId: 'ada' }
  await identities.createGuest({ identity: id(100), pool: POOL, at: 1 })
  const signIn = { pool: POOL, login, named: id(100), fresh: id(101), at: 1 }
  await identities.signIn(signIn, () => ({ kind: 'link', identity: id(100) }))
  await identities.find(WHO)
  await identities.isActive(WHO, POOL)
  await identities.list(POOL, { after: '', limit: 10, hideDisabled: true })
  await identities.disable(id(100), 1)

  await bulk.begin({ pool: POOL, at: 1, unlessCompletedAfter: 0 })
  await bulk.advance({ pool: POOL, target: aTarget(), at: 1, datasetsMax: 10, bytesMax: 1_000_000 })
  await log.streamedDatasets({ after: null, limit: 10 })

  await datasets.collectTombstones({ before: 2, limit: 10 })
  await datasets.forgetMarkers({ below: 's9', limit: 1 })
  await datasets.forgetDeviceMarkers({ before: 2, limit: 1 })
  await datasets.beginEpoch(2)
  await identities.delete([WHO], 1)
  await datasets.purge(1_000)
  await database.transaction((transaction) => transaction.run(DOOM_POOL, [POOL]))
  await datasets.purge(10)
}

describeWithPostgres('statements on tables divided by identity', (postgres) => {
  test.each(['force_generic_plan', 'force_custom_plan'])(
    '[PL10] [X4] each statement touches as many parts as the document says, with %s',
    async (mode) => {
      const database = await openDatabase(await freshDatabase(postgres(), PARTITIONS))
      const recorded = await database.commit(async (transaction) => {
        await transaction.run(prepared(`SET LOCAL plan_cache_mode = ${mode}`))
        await transaction.run(prepared("SET LOCAL statement_timeout = '60s'"))
        const pool = { ...aPool(1), pool: POOL }
        const values = [pool.pool, pool.settings.name, JSON.stringify(aTarget())]
        await transaction.run(ADD_POOL, values)
        await transaction.run(ADD_IDENTITIES, [POOL])
        await transaction.run(ADD_OTHERS)
        const recorder = new Recorder(transaction)
        await doAll(recorder.database)
        return recorder.parts
      })
      await database.close()
      const faults = statements.flatMap(({ file, name, pattern }) => {
        const said = documented.get(`${file} ${name}`)
        const seen = [...recorded].filter(([text]) => pattern.test(text)).flatMap(([, parts]) => parts)
        const most = Math.max(0, ...seen)
        const found = seen.length === 0 ? 'never asked' : most === 0 ? 'none' : most === 1 ? 'one' : 'several'
        // A plan that is made for the values of one call may find its way to fewer parts.
        const isAsSaid = found === said || (said === 'several' && found === 'one' && mode === 'force_custom_plan')
        return isAsSaid ? [] : [`${file} ${name}: ${found} (${seen.join(', ')}), and the document says ${said}`]
      })
      expect(faults).toEqual([])
    },
  )
})

const TOUCHES =
  prepared(`SELECT relname AS "table", seq_scan + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del AS times
  FROM pg_stat_xact_user_tables WHERE relname ~ '^(identity|dataset|record|batch_marker)_[0-9]+$'`)

const ADD_POOL = prepared(`INSERT INTO identity_pool VALUES ($1, $2, '{}', '{}', '{}', $3, 0, 0)`)
const ADD_IDENTITIES = prepared(
  `INSERT INTO identity SELECT 'us-east-1:' || n, $1, 0, 0, NULL FROM generate_series(0, 60) AS n`,
)
// So that every part has something of everything.
const ADD_OTHERS = prepared(`WITH names AS (SELECT 'us-east-1:' || n AS i FROM generate_series(2, 60) AS n), a AS (
    INSERT INTO dataset SELECT i, 'd', true, 1, 0, 0, 0, 1, 2, 0, 0, 'me', 0, 1, 1 FROM names), b AS (
    INSERT INTO record SELECT i, 'd', 'k', 1, 0, 'me', NULL, NULL FROM names)
  INSERT INTO batch_marker (identity_id, marker_id, dataset, batch_number, batch_hash, sync_count, accepted_at, accepted_by)
    SELECT i, m, 'd', 1, 'h', 1, 0, 'me' FROM names CROSS JOIN (VALUES ('s0'), ('~x')) AS v (m)`)
const DOOM_POOL = prepared('INSERT INTO doomed_pool (pool_id, doomed_at) VALUES ($1, 0)')
