import 'reflect-metadata'
import type { DatasetName, IdentityId } from '@satchel/protocol'
import { describeWithPostgres } from '../../../../test/support/postgres/describe-with-postgres.js'
import type { StreamTarget } from '../domain/stream-target.js'
import { count, path, POOL } from '../domain/testing/a-dataset.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import type { DatasetStore } from './dataset-store.js'
import { memoryHarness } from './testing/memory-harness.js'
import { postgresHarness } from './testing/postgres-harness.js'
import { DATASETS, OUTCOME_KINDS, RandomWrites } from './testing/random-writes.js'
import { sqliteHarness } from './testing/sqlite-harness.js'
import type { StoreHarness } from './testing/store-harness.js'
import { aTarget, STREAMS } from './testing/stream-harness.js'
import { OUTBOX_COLUMNS } from './typeorm/outbox-columns.js'
import { prepared } from './typeorm/postgres/prepared.js'

const IDENTITIES = Array.from({ length: 16 }, (_, n) => `us-east-1:0${n.toString(16)}` as IdentityId)
const LIMITS = {
  recordsPerDatasetMax: 12,
  bytesPerDatasetMax: 1_400,
  datasetsPerIdentityMax: 3,
  bytesPerIdentityMax: 2_300,
}
const SEEDS = [1, 2, 3, 4, 5]
const STEPS = 200
const WRITES_PER_GROUP_MAX = 200

/** A store, and what is under it. */
type Side = StoreHarness &
  Readonly<{
    setTarget(target: StreamTarget | null): Promise<unknown>
    /** Everything in the outbox, unpublished places, and linked records. */
    outbox(): Promise<unknown>
  }>

function inMemory(): Side {
  const harness = memoryHarness(STREAMS)
  const { outbox, unpublished, linked, pools } = harness.database
  return Object.assign(harness, {
    setTarget: (target: StreamTarget | null) => {
      pools.get(POOL)!.streamTarget = target
      return Promise.resolve()
    },
    outbox: () =>
      Promise.resolve([
        [...outbox.values()],
        [...unpublished].map((seq) => ({ seq })),
        [...linked.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
      ]),
  })
}

const OUTBOX = [
  `SELECT ${OUTBOX_COLUMNS} FROM outbox AS o ORDER BY o.seq`,
  'SELECT seq FROM outbox_unpublished ORDER BY seq',
  'SELECT id, records, created_at AS "createdAt" FROM outbox_linked ORDER BY id',
]
const jsonOf = (target: StreamTarget | null): string | null => (target === null ? null : JSON.stringify(target))

async function inSqlite(): Promise<Side> {
  const harness = await sqliteHarness(undefined, STREAMS)
  const { database } = harness
  return Object.assign(harness, {
    setTarget: (target: StreamTarget | null) =>
      database.lane.transaction((runner) =>
        runner.query('UPDATE identity_pool SET stream_target = ?', [jsonOf(target)]),
      ),
    outbox: () => Promise.all(OUTBOX.map((sql) => database.reads.query(sql) as Promise<unknown>)),
  })
}

const isSame = (a: unknown, b: unknown): boolean => {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => isSame((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]))
  )
}

/** Every answer of the three must be equal, down to the order. */
function compare<T>([memory, ...others]: readonly T[]): T {
  for (const other of others) {
    // Much quicker than what tells how they differ.
    if (!isSame(other, memory)) expect(other).toEqual(memory)
  }
  return memory!
}

describeWithPostgres('three stores', (postgres) => {
  const inPostgres = async (partitions: number): Promise<Side> => {
    const harness = await postgresHarness(postgres(), partitions, STREAMS)
    const { database } = harness
    return Object.assign(harness, {
      setTarget: (target: StreamTarget | null) =>
        database.query(prepared('UPDATE identity_pool SET stream_target = $1'), [jsonOf(target)]),
      outbox: () => Promise.all(OUTBOX.map((sql) => database.query(prepared(sql)))),
    })
  }

  let sides: readonly Side[] = []
  afterEach(async () => {
    for (const side of sides) await side.close()
  })

  /** The same random requests to all three, many writes a group. */
  test.each(SEEDS)('[X2] [W12] memory, SQLite and PostgreSQL answer alike, seed %i', async (seed) => {
    const random = new SeededRandom(seed)
    sides = [inMemory(), await inSqlite(), await inPostgres(seed % 2 === 0 ? 4 : 0)]
    const all = async <T>(ask: (side: Side) => Promise<T>): Promise<T> => compare(await Promise.all(sides.map(ask)))
    const asked = <T>(ask: (store: DatasetStore) => Promise<T>): Promise<T> => all(({ store }) => ask(store))
    await all((side) => side.addPool(POOL))
    for (const identity of IDENTITIES) await all((side) => side.addIdentity(identity, POOL))
    const writes = new RandomWrites(random, sides[0]!.store, IDENTITIES)
    const kinds = new Map<string, number>()

    for (let step = 0; step < STEPS; step++) {
      const group = await writes.group(WRITES_PER_GROUP_MAX)
      const outcomes = await asked((store) => store.commit(group, LIMITS))
      for (const { kind } of outcomes) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)

      const where = writes.anyPath()
      const after = { syncCount: count(random.below(40)), key: random.below(2) === 0 ? null : writes.anyKey() }
      const limit = 1 + random.below(12)
      const through = count(random.below(80))
      await asked((store) => store.list(where, { after, through: null, limit }))
      await asked((store) => store.list(where, { after, through, limit }))
      const page = { after: writes.pick(['', 'one', 'z']), limit: 2 }
      await asked((store) => store.listDatasets(where.identity, page))
      await asked((store) => store.readSeveral(where.identity, [...DATASETS, 'never'] as DatasetName[]))

      const now = writes.now
      const below = `s${String(Math.max(0, now - 3_000)).padStart(6, '0')}`
      if (step % 10 === 9) await asked((store) => store.collectTombstones({ before: now - 900, limit: 10_000 }))
      if (step % 10 === 4) await asked((store) => store.forgetMarkers({ below, limit: 300 }))
      if (step % 5 === 2) await asked((store) => store.forgetDeviceMarkers({ before: now - 600, limit: 3 }))
      if (step % 10 === 7) {
        const target = writes.pick([null, aTarget({ payloadBytesMax: 700 })])
        for (const side of sides) await side.setTarget(target)
      }
      if (step % 50 === 49) await asked((store) => store.beginEpoch(now))
      if (step % 25 === 24) await forgetSomebody(writes.pick(IDENTITIES))
    }

    async function forgetSomebody(identity: IdentityId): Promise<void> {
      await all(async (side) => {
        await side.doomIdentity(identity, POOL)
        for (let rows = 1; rows > 0;) rows = await side.store.purge(40)
        await side.addIdentity(identity, POOL)
      })
      await asked((store) => store.listDatasets(identity, { after: '', limit: 10 }))
    }

    for (const identity of IDENTITIES) {
      for (const name of DATASETS) {
        const everything = { after: { syncCount: count(0), key: null }, through: null, limit: 1_000 }
        await asked((store) => store.list(path(name, identity), everything))
      }
      const { usage } = await asked((store) => store.identityUsage(identity))
      expect(usage.datasets).toBeLessThanOrEqual(LIMITS.datasetsPerIdentityMax)
      expect(usage.bytes).toBeLessThanOrEqual(LIMITS.bytesPerIdentityMax)
    }
    await asked((store) => store.poolUsage(POOL))
    await all((side) => side.outbox())
    // A run in which one of these hardly ever happened proves nothing about it.
    for (const kind of OUTCOME_KINDS) {
      expect([kind, (kinds.get(kind) ?? 0) > 20]).toEqual([kind, true])
    }
  })
})
