import 'reflect-metadata'
import type { DatasetName, IdentityId } from '@satchel/protocol'
import { SHARDS } from '../domain/outbox-row.js'
import { count, POOL } from '../domain/testing/a-dataset.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import type { DatasetStore } from './dataset-store.js'
import type { Stores } from './stores.js'
import { DATASETS, OUTCOME_KINDS, RandomWrites } from './testing/random-writes.js'
import { aTarget, inMemory, inSqlite, type StreamHarness } from './testing/stream-harness.js'

const IDENTITIES = ['us-east-1:0a', 'us-east-1:0b', 'us-east-1:0c'] as IdentityId[]
const LIMITS = {
  recordsPerDatasetMax: 7,
  bytesPerDatasetMax: 900,
  datasetsPerIdentityMax: 3,
  bytesPerIdentityMax: 1_500,
}
const STEPS = 400

/** What a relay and its housekeeping would do: snapshots, the first rows of each shard published, old ones pruned. */
async function publishSome(stores: Stores, now: number): Promise<unknown> {
  await stores.bulkPublishes.begin({ pool: POOL, at: now, unlessCompletedAfter: now })
  const step = { pool: POOL, target: aTarget({ payloadBytesMax: 800 }), at: now, datasetsMax: 3, bytesMax: 900 }
  const seen: unknown[] = [await stores.bulkPublishes.advance(step), await stores.outbox.backlog()]
  for (let shard = 0; shard < SHARDS; shard++) {
    const taken = await stores.leases.take({
      names: [`shard-${shard}`],
      holder: `relay ${now % 3}`,
      now,
      until: now + 80,
    })
    const rows = await stores.outbox.unpublished([shard], { limit: 20, bytesMax: 9_000 })
    seen.push(taken, rows)
    for (const lease of taken) {
      seen.push(await stores.outbox.markPublished({ shard, lease, seqs: rows.map(({ seq }) => seq), now }))
    }
  }
  return [...seen, await stores.outbox.prune({ before: now - 60, limit: 10 }), await stores.bulkPublishes.find(POOL)]
}

/** The same random requests to both stores, several writes a group; every answer, order and figure must be equal. */
test.each([1, 2, 3, 4, 5])('[W12] memory and SQLite answer alike, seed %i', async (seed) => {
  const random = new SeededRandom(seed)
  const harnesses: [StreamHarness, StreamHarness] = [await inMemory(), await inSqlite()]
  for (const harness of harnesses) {
    for (const identity of IDENTITIES) await harness.addIdentity(identity)
  }
  const bothStores = async <T>(ask: (harness: StreamHarness) => Promise<T>): Promise<T> => {
    const [memory, sqlite] = [await ask(harnesses[0]), await ask(harnesses[1])]
    expect(sqlite).toEqual(memory)
    return memory
  }
  const both = <T>(ask: (over: Readonly<{ store: DatasetStore }>) => Promise<T>): Promise<T> =>
    bothStores(({ stores }) => ask({ store: stores.datasets }))
  const writes = new RandomWrites(random, harnesses[0].stores.datasets, IDENTITIES)
  const payloadTypes = new Set<string>()
  const kinds = new Set<string>()

  for (let step = 0; step < STEPS; step++) {
    const group = await writes.group(5)
    const outcomes = await both(({ store }) => store.commit(group, LIMITS))
    for (const { kind } of outcomes) kinds.add(kind)
    const where = writes.anyPath()
    const after = { syncCount: count(random.below(10)), key: random.below(2) === 0 ? null : writes.anyKey() }
    const limit = 1 + random.below(5)
    await both(({ store }) => store.list(where, { after, through: null, limit }))
    const page = { after: writes.pick(['', 'one', 'z']), limit: 2 }
    await both(({ store }) => store.listDatasets(where.identity, page))
    if (step % 150 === 149) await both(({ store }) => store.beginEpoch(writes.now))
    if (step % 50 === 49) await both(({ store }) => store.collectTombstones({ before: writes.now - 60, limit: 10_000 }))
    const below = `s${String(Math.max(0, writes.now - 300)).padStart(6, '0')}`
    if (step % 97 === 96) await both(({ store }) => store.forgetMarkers({ below, limit: 50 }))
    if (step % 61 === 60) await both(({ store }) => store.forgetDeviceMarkers({ before: writes.now - 30, limit: 3 }))
    await both(({ store }) => store.readSeveral(where.identity, [...DATASETS, 'never'] as DatasetName[]))
    if (step % 40 === 39) {
      const target = writes.pick([
        null,
        aTarget(),
        aTarget({ streamName: 'small', payloadBytesMax: 700, begun: writes.pick([2, 3]) }),
      ])
      await bothStores((harness) => harness.setTarget(target))
      for (const { payload } of await harnesses[0].rows()) {
        payloadTypes.add((JSON.parse(payload) as { payloadType: string }).payloadType)
      }
      await bothStores(({ stores }) => publishSome(stores, writes.now))
    }
  }
  await bothStores((harness) => harness.rows())
  await bothStores(({ stores }) => stores.changeLog.unpublishedSeqs({ after: 0, limit: 10_000 }))
  await bothStores(({ stores }) => stores.changeLog.streamedDatasets({ after: null, limit: 100 }))
  const log = await harnesses[0].rows()
  const changes = log.filter(({ type }) => type === 'change')
  expect(new Set(changes.map(({ id }) => id)).size).toBe(changes.length)
  for (const { id } of log) await bothStores(({ stores }) => stores.outbox.linkedRecords(id))
  expect(payloadTypes.size).toBe(2)
  for (const identity of IDENTITIES) {
    const { usage } = await both(({ store }) => store.identityUsage(identity))
    expect(usage.datasets).toBeLessThanOrEqual(LIMITS.datasetsPerIdentityMax)
    expect(usage.bytes).toBeLessThanOrEqual(LIMITS.bytesPerIdentityMax)
  }
  await both(({ store }) => store.poolUsage(POOL))
  // A run in which one of these never happened proves nothing about it.
  expect([...kinds].sort()).toEqual(OUTCOME_KINDS)
  for (const harness of harnesses) await harness.close()
})
