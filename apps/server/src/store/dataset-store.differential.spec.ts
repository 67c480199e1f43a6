import 'reflect-metadata'
import { type Batch, type DatasetName, type DeviceId, type IdentityId } from '@satchel/protocol'
import { deviceMarkerId } from '../domain/batch-marker.js'
import type { DatasetWrite } from '../domain/dataset-write.js'
import { SHARDS } from '../domain/outbox-row.js'
import { count, path, POOL, remove, replace } from '../domain/testing/a-dataset.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import type { DatasetStore } from './dataset-store.js'
import type { Stores } from './stores.js'
import { aTarget, inMemory, inSqlite, type StreamHarness } from './testing/stream-harness.js'

const KEYS = ['a', 'B', '__proto__', 'é', 'e\u0301', '😀', '\uffee', 'constructor', ' ', '"\\']
const VALUES = ['', 'v', 'x'.repeat(300), '値', '\u0001\u001f', '{"json":true}']
const IDENTITIES = ['us-east-1:0a', 'us-east-1:0b', 'us-east-1:0c'] as IdentityId[]
const DATASETS = ['one', 'two', 'three', 'one.us-east-1:0b']
const DEVICES = ['phone', 'tab\nlet']
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
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!
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
  let sessions = 0
  const kinds = new Set<string>()

  const randomWrite = async (): Promise<DatasetWrite> => {
    const where = path(pick(DATASETS), pick(IDENTITIES))
    if (random.below(20) === 0) return { kind: 'delete', path: where, at: sessions, by: 'd' }
    const { records } = await harnesses[0].stores.datasets.list(where, {
      after: { syncCount: count(0), key: null },
      through: null,
      limit: 100,
    })
    const counts = new Map<string, number>(records.map(({ key, syncCount }) => [key, syncCount]))
    const keys = new Set(Array.from({ length: random.below(4) }, () => pick(KEYS)))
    const batch: Batch = [...keys].map((name) => {
      const base = random.below(10) === 0 ? random.below(5) : (counts.get(name) ?? 0)
      return random.below(4) === 0 ? remove(name, base) : replace(name, pick(VALUES), base)
    })
    const repeated = random.below(15) === 0 && sessions > 0
    const id = `s${String(repeated ? random.below(sessions) : sessions).padStart(6, '0')}`
    sessions++
    const hash = `h${batch.length}`
    const device = random.below(2) === 0 ? null : (pick(DEVICES) as DeviceId)
    // Numbers of devices rise, and now and then one comes again or a lower one does.
    const number = device === null ? 0 : Math.max(1, sessions - random.below(4))
    const origin = { id: device === null ? id : deviceMarkerId(where, device), number, hash }
    return { kind: 'update', path: where, batch, origin, device, at: sessions, by: 'd' }
  }

  for (let step = 0; step < STEPS; step++) {
    const group: DatasetWrite[] = []
    for (let n = 0; n <= random.below(5); n++) group.push(await randomWrite())
    const outcomes = await both(({ store }) => store.commit(group, LIMITS))
    for (const { kind } of outcomes) kinds.add(kind)
    const where = path(pick(DATASETS), pick(IDENTITIES))
    const after = { syncCount: count(random.below(10)), key: random.below(2) === 0 ? null : (pick(KEYS) as never) }
    const limit = 1 + random.below(5)
    await both(({ store }) => store.list(where, { after, through: null, limit }))
    const page = { after: pick(['', 'one', 'z']), limit: 2 }
    await both(({ store }) => store.listDatasets(where.identity, page))
    if (step % 150 === 149) await both(({ store }) => store.beginEpoch(sessions))
    if (step % 50 === 49) await both(({ store }) => store.collectTombstones({ before: sessions - 60, limit: 10_000 }))
    const below = `s${String(Math.max(0, sessions - 300)).padStart(6, '0')}`
    if (step % 97 === 96) await both(({ store }) => store.forgetMarkers({ below, limit: 50 }))
    if (step % 61 === 60) await both(({ store }) => store.forgetDeviceMarkers({ before: sessions - 30, limit: 3 }))
    await both(({ store }) => store.readSeveral(where.identity, [...DATASETS, 'never'] as DatasetName[]))
    if (step % 40 === 39) {
      const target = pick([
        null,
        aTarget(),
        aTarget({ streamName: 'small', payloadBytesMax: 700, begun: pick([2, 3]) }),
      ])
      await bothStores((harness) => harness.setTarget(target))
      await bothStores(({ stores }) => publishSome(stores, sessions))
    }
  }
  await bothStores((harness) => harness.rows())
  await bothStores(({ stores }) => stores.changeLog.unpublishedSeqs({ after: 0, limit: 10_000 }))
  await bothStores(({ stores }) => stores.changeLog.streamedDatasets({ after: null, limit: 100 }))
  const log = await harnesses[0].rows()
  const changes = log.filter(({ type }) => type === 'change')
  expect(new Set(changes.map(({ id }) => id)).size).toBe(changes.length)
  for (const { id } of log) await bothStores(({ stores }) => stores.outbox.linkedRecords(id))
  expect(new Set(log.map(({ payload }) => (JSON.parse(payload) as { payloadType: string }).payloadType)).size).toBe(2)
  for (const identity of IDENTITIES) {
    const { usage } = await both(({ store }) => store.identityUsage(identity))
    expect(usage.datasets).toBeLessThanOrEqual(LIMITS.datasetsPerIdentityMax)
    expect(usage.bytes).toBeLessThanOrEqual(LIMITS.bytesPerIdentityMax)
  }
  await both(({ store }) => store.poolUsage(POOL))
  // A run in which one of these never happened proves nothing about it.
  expect([...kinds].sort()).toEqual([
    'accepted',
    'deleted',
    'missing',
    'number-used',
    'over-limit',
    'repeated',
    'session-spent',
    'stale',
  ])
  for (const harness of harnesses) await harness.close()
})
