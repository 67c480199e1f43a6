import 'reflect-metadata'
import { AWS_LIMITS, type DatasetName, type IdentityId } from '@satchel/protocol'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import type { DatasetWrite } from '../../../domain/dataset-write.js'
import { count, path, POOL, replace } from '../../../domain/testing/a-dataset.js'
import type { DatasetStore } from '../../dataset-store.js'
import { postgresHarness, type PostgresHarness } from '../../testing/postgres-harness.js'
import { PostgresDatasetStore } from './postgres-dataset-store.js'
import type { Transaction } from './connections.js'
import type { PostgresDatabase } from './postgres-database.js'
import { prepared } from './prepared.js'

const PARTITIONS = 8
/** From its sixth use on, PostgreSQL may keep one plan of a statement for whatever it is asked with. */
const TIMES = 8
const WHO = 'us-east-1:1' as IdentityId
const WHERE = path('settings', WHO)
const FIRST = { syncCount: count(0), key: null }

const update = (n: number): DatasetWrite => ({
  kind: 'update',
  path: WHERE,
  batch: [replace(`k${n}`, 'v')],
  origin: { id: `s${n}`, number: 0, hash: 'h' },
  device: null,
  at: 1,
  by: 'me',
})
const deletion: DatasetWrite = { kind: 'delete', path: WHERE, at: 1, by: 'me' }

/** A store all of whose work is done in one transaction, so that it can be seen what that one touched. */
function storeWithin(transaction: Transaction): DatasetStore {
  const inside = <T>(work: (given: Transaction) => Promise<T>): Promise<T> => work(transaction)
  const { query } = transaction
  return new PostgresDatasetStore({
    query,
    commit: inside,
    transaction: inside,
    snapshot: inside,
  } as unknown as PostgresDatabase)
}

describeWithPostgres('tables divided by identity', (postgres) => {
  let harness: PostgresHarness
  beforeEach(async () => {
    harness = await postgresHarness(postgres(), PARTITIONS)
    await harness.addPool(POOL)
    for (let n = 0; n < 40; n++) await harness.addIdentity(`us-east-1:${n}` as IdentityId, POOL)
    // What a connection did before counts for a while.
    harness = (await harness.reopen()) as PostgresHarness
  })
  afterEach(() => harness.close())

  test.each<readonly [string, (store: DatasetStore, n: number) => Promise<unknown>]>([
    ['commit', (store, n) => store.commit([update(2 * n), update(2 * n + 1)], AWS_LIMITS)],
    ['commit of a deletion', (store, n) => store.commit([update(n), deletion], AWS_LIMITS)],
    ['read', (store) => store.read(WHERE)],
    ['readSeveral', (store) => store.readSeveral(WHO, ['settings', 'other'] as DatasetName[])],
    ['list', (store) => store.list(WHERE, { after: FIRST, through: null, limit: 1 })],
    ['hasMarker', (store, n) => store.hasMarker(WHO, `s${n}`)],
    ['listDatasets', (store) => store.listDatasets(WHO, { after: '', limit: 10 })],
    ['identityUsage', (store) => store.identityUsage(WHO)],
  ])('[X4] %s touches one part of each table, however often it is asked', async (_, work) => {
    const touched = await harness.database.transaction(async (transaction) => {
      const store = storeWithin(transaction)
      for (let n = 0; n < TIMES; n++) await work(store, n)
      return transaction.query<{ part: string }>(TOUCHED)
    })
    expect(touched).toHaveLength(1)
  })

  test('[X4] a commit looks up an identity once, however many pools have come since its connection planned that', async () => {
    const looks = await harness.database.transaction(async (transaction) => {
      const store = storeWithin(transaction)
      await transaction.run(ANALYZE) // so that there is known to be one
      await store.commit([update(0)], AWS_LIMITS)
      await transaction.run(ADD_POOLS)
      const [before] = await transaction.query<{ looks: number }>(LOOKS)
      await store.commit([update(1)], AWS_LIMITS)
      const [after] = await transaction.query<{ looks: number }>(LOOKS)
      return Number(after!.looks) - Number(before!.looks)
    })
    expect(looks).toBe(1)
  })
})

const ANALYZE = prepared('ANALYZE identity_pool')
const ADD_POOLS = prepared(
  `INSERT INTO identity_pool SELECT 'us-east-1:p' || n, 'p', '{}', '{}', '{}', NULL, 0, 0 FROM generate_series(1, 50) AS n`,
)
const LOOKS = prepared(
  `SELECT sum(coalesce(idx_scan, 0)) AS looks FROM pg_stat_xact_user_tables WHERE relname ~ '^identity_[0-9]+$'`,
)

const TOUCHED = prepared(`SELECT DISTINCT substring(relname FROM '_([0-9]+)$') AS part FROM pg_stat_xact_user_tables
  WHERE relname ~ '^(identity|dataset|record|batch_marker)_[0-9]+$'
    AND seq_scan + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del > 0`)
