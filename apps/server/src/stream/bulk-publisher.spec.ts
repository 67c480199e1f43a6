import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { PoolConnections } from '../datasets/pool-connections.js'
import { enabledStream, ownerDisabledStream, serverDisabledStream } from '../domain/set-stream.js'
import type { DatasetWrite } from '../domain/dataset-write.js'
import { path, POOL, replace } from '../domain/testing/a-dataset.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import type { BulkPublishStore } from '../store/bulk-publish-store.js'
import { MemoryDatabase } from '../store/memory/memory-database.js'
import { memoryStores } from '../store/memory/memory-stores.js'
import type { Stores } from '../store/stores.js'
import { aPool } from '../store/testing/a-pool.js'
import { BULK_LEASE, BulkPublisher, PROGRESS_EVERY_MS, WAITING_ROWS_MAX } from './bulk-publisher.js'

const WISH = { streamName: 'changes', roleArn: 'arn:aws:iam::000000000000:role/r', streamingStatus: 'ENABLED' } as const
const TARGET = { streamName: 'changes', partitions: 4, begun: 1, payloadBytesMax: 1_000_000 }
const SHARDS = [0, 1, 2, 3, 4, 5, 6, 7]

/** A pool of `datasets` datasets, each of an identity of its own, that streams; nothing of them is in the outbox yet. */
async function aWorld(datasets: number) {
  const clock = new HeldClock()
  const stores = memoryStores(new MemoryDatabase())
  const connections = new PoolConnections(stores.pools)
  await stores.pools.create({ ...aPool(1), pool: POOL })
  for (let n = 0; n < datasets; n++) {
    const identity = `us-east-1:${n.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000` as IdentityId
    await stores.identities.createGuest({ identity, pool: POOL, at: 1 })
    const write: DatasetWrite = {
      kind: 'update',
      path: { ...path(), identity },
      batch: [replace('k', String(n))],
      origin: { id: `s${n}`, number: 0, hash: 'h' },
      device: null,
      at: 1_000,
      by: 'me',
    }
    await stores.datasets.commit([write], AWS_LIMITS)
  }
  await connections.change(POOL, (held) => ({ ...held, cognitoStreams: enabledStream(WISH, TARGET) }))
  const begin = () => stores.bulkPublishes.begin({ pool: POOL, at: clock.now(), unlessCompletedAfter: 0 })
  const found = () => stores.bulkPublishes.find(POOL)
  return { clock, stores, connections, begin, found, publishAll: () => publishAll(stores, clock) }
}

type World = Awaited<ReturnType<typeof aWorld>>

/** What a relay would do, all at once; answers the rows it published. */
async function publishAll({ leases, outbox }: Stores, clock: HeldClock): Promise<number> {
  let rows = 0
  for (const shard of SHARDS) {
    const name = `shard-${shard}`
    const now = clock.now()
    const [lease] = await leases.take({ names: [name], holder: 'relay', now, until: now + 10_000 })
    const waiting = await outbox.unpublished([shard], { limit: 10_000, bytesMax: 1e9 })
    await outbox.markPublished({ shard, lease: lease!, seqs: waiting.map(({ seq }) => seq), now })
    rows += waiting.length
  }
  return rows
}

function aPublisher(world: World, { holder = 'here', store }: { holder?: string; store?: BulkPublishStore } = {}) {
  const told: string[] = []
  const seen = { advanced: 0, wakes: 0 }
  const publisher = new BulkPublisher({
    store: store ?? world.stores.bulkPublishes,
    leases: world.stores.leases,
    connections: world.connections,
    nameHolder: () => holder,
    clock: world.clock,
    observer: {
      advanced: (datasets) => void (seen.advanced += datasets),
      progress: ({ datasets }, waitingRows) => void told.push(`progress ${datasets} ${waitingRows}`),
      succeeded: ({ datasets }) => void told.push(`succeeded ${datasets}`),
      failed: (_, failure) => void told.push(`failed ${failure}`),
      interrupted: (cause) => void told.push(`interrupted ${(cause as Error).message}`),
    },
    wakeRelay: () => void seen.wakes++,
  })
  return { publisher, told, seen }
}

/** Lets whatever is ready run to its next timer. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Moves time on in small steps until it holds; a bound keeps a broken one from running for ever. */
async function until({ clock }: World, holds: () => Promise<boolean> | boolean, stepMs = 100): Promise<void> {
  await settled()
  for (let step = 0; step < 500; step++) {
    if (await holds()) return
    clock.advance(stepMs)
    await settled()
  }
  throw new Error('it never came to be')
}

const statusIs = (world: World, status: string) => async () => (await world.found())?.status === status

test('[V58] every dataset of the pool goes into the outbox once, and only when all are published has it succeeded', async () => {
  const world = await aWorld(45)
  const { publisher, told, seen } = aPublisher(world)
  publisher.start()
  await settled()
  await world.begin()
  publisher.wake()
  await until(world, async () => (await world.found())?.complete === true)
  world.clock.advance(1_000)
  await settled()
  expect(await world.found()).toMatchObject({ status: 'IN_PROGRESS', datasets: 45 })
  expect([seen.advanced, publisher.underway]).toEqual([45, 1])
  expect(seen.wakes).toBeGreaterThan(0)
  expect(await world.publishAll()).toBe(45)
  await until(world, statusIs(world, 'SUCCEEDED'))
  expect(await world.found()).toMatchObject({ completedAt: expect.any(Number), failure: null })
  expect([told.at(-1), publisher.underway]).toEqual(['succeeded 45', 0])
  await publisher.stop()
})

test('[V58] a pool without datasets has succeeded at once', async () => {
  const world = await aWorld(0)
  const { publisher } = aPublisher(world)
  await world.begin()
  publisher.start()
  await until(world, statusIs(world, 'SUCCEEDED'))
  await publisher.stop()
})

test('[V58] one that a crash interrupted is taken up where it was, once the lease has ended', async () => {
  const world = await aWorld(60)
  const first = aPublisher(world, { holder: 'first' })
  await world.begin()
  first.publisher.start()
  await until(world, async () => ((await world.found())?.datasets ?? 0) >= 20, 1)
  const done = (await world.found())!.datasets
  expect(done).toBeLessThan(60)
  // The first one is gone without a word: what it would still do never happens, and its lease stands.
  Object.assign(first.publisher, { stopped: true })
  const second = aPublisher(world, { holder: 'second' })
  second.publisher.start()
  await settled()
  expect(second.seen.advanced).toBe(0)
  await until(world, async () => (await world.found())?.complete === true, 500)
  expect(second.seen.advanced).toBe(60 - done)
  expect(await world.publishAll()).toBe(60)
  await until(world, statusIs(world, 'SUCCEEDED'), 500)
  await second.publisher.stop()
})

test('[V58] one process works at a time, and one that stops gives its lease back', async () => {
  const world = await aWorld(30)
  await world.begin()
  const both = [aPublisher(world, { holder: 'a' }), aPublisher(world, { holder: 'b' })]
  for (const { publisher } of both) publisher.start()
  await until(world, async () => (await world.found())?.complete === true)
  expect(both.map(({ seen }) => seen.advanced).sort((x, y) => x - y)).toEqual([0, 30])
  await Promise.all(both.map(({ publisher }) => publisher.stop()))
  const now = world.clock.now()
  expect(await world.stores.leases.take({ names: [BULK_LEASE], holder: 'c', now, until: now + 1 })).toHaveLength(1)
})

test('[V60] no more than 200 snapshots wait for their broker', async () => {
  const world = await aWorld(500)
  await world.begin()
  const { publisher } = aPublisher(world)
  publisher.start()
  const waiting = () => world.stores.bulkPublishes.unpublishedRows(POOL)
  await until(world, async () => (await waiting()) >= WAITING_ROWS_MAX)
  world.clock.advance(60_000)
  await settled()
  expect(await waiting()).toBe(WAITING_ROWS_MAX)
  await world.publishAll()
  await until(world, async () => (await waiting()) >= WAITING_ROWS_MAX)
  expect(await world.found()).toMatchObject({ datasets: 2 * WAITING_ROWS_MAX })
  await publisher.stop()
})

test('[V60] after each step it rests nine times as long as that took', async () => {
  const world = await aWorld(60)
  await world.begin()
  const real = world.stores.bulkPublishes
  const steps: number[] = []
  // A store whose every step takes 70 ms.
  const store: BulkPublishStore = Object.assign(Object.create(real) as BulkPublishStore, {
    advance: (request: Parameters<BulkPublishStore['advance']>[0]) => {
      steps.push(world.clock.elapsed())
      world.clock.advance(70)
      return real.advance(request)
    },
  })
  const { publisher } = aPublisher(world, { store })
  publisher.start()
  await until(world, () => steps.length === 3, 10)
  expect(steps.map((at, index) => at - (steps[index - 1] ?? at))).toEqual([0, 700, 700])
  await publisher.stop()
})

test.each([
  [
    'its owner',
    (held: Parameters<typeof ownerDisabledStream>[0]) =>
      ownerDisabledStream(held, { ...WISH, streamingStatus: 'DISABLED' }),
    '',
  ],
  [
    'the server',
    (held: Parameters<typeof ownerDisabledStream>[0]) => serverDisabledStream(held!, 'topic "changes" is gone'),
    ': topic "changes" is gone',
  ],
])('[V59] it fails with a sentence where %s switches the stream off meanwhile', async (_, off, why) => {
  const world = await aWorld(60)
  await world.begin()
  const { publisher, told } = aPublisher(world)
  publisher.start()
  await until(world, async () => ((await world.found())?.datasets ?? 0) > 0, 1)
  await world.connections.change(POOL, (held) => ({ ...held, cognitoStreams: off(held.cognitoStreams) }))
  await until(world, statusIs(world, 'FAILED'))
  const failure = `the stream of the identity pool was switched off meanwhile${why}`
  expect(await world.found()).toMatchObject({ failure, completedAt: null })
  expect(told.at(-1)).toBe(`failed ${failure}`)
  await publisher.stop()
})

test('[V59] a fault of the store is told, and the step tried again', async () => {
  const world = await aWorld(5)
  await world.begin()
  const real = world.stores.bulkPublishes
  let faults = 2
  const store: BulkPublishStore = Object.assign(Object.create(real) as BulkPublishStore, {
    advance: (request: Parameters<BulkPublishStore['advance']>[0]) =>
      faults-- > 0 ? Promise.reject(new Error('disk full')) : real.advance(request),
  })
  const { publisher, told } = aPublisher(world, { store })
  publisher.start()
  await until(world, async () => (await world.found())?.complete === true)
  expect(told.filter((line) => line === 'interrupted disk full')).toHaveLength(2)
  await publisher.stop()
})

test('[V60] how far each came is told when it begins and every ten seconds', async () => {
  const world = await aWorld(300)
  await world.begin()
  const { publisher, told } = aPublisher(world)
  publisher.start()
  await until(world, async () => (await world.stores.bulkPublishes.unpublishedRows(POOL)) >= WAITING_ROWS_MAX)
  expect(told).toEqual(['progress 0 0'])
  await until(world, () => told.length === 3)
  expect(told).toEqual(['progress 0 0', 'progress 200 200', 'progress 200 200'])
  expect(world.clock.elapsed()).toBeGreaterThan(PROGRESS_EVERY_MS)
  await publisher.stop()
})

test('[V58] what was begun in another process is found without a word', async () => {
  const world = await aWorld(3)
  const { publisher } = aPublisher(world)
  publisher.start()
  await settled()
  await world.begin()
  await until(world, async () => (await world.found())?.complete === true, 1_000)
  expect(await world.found()).toMatchObject({ datasets: 3 })
  await publisher.stop()
})

test('[V58] a publisher that stops leaves the rest to the next', async () => {
  const world = await aWorld(60)
  await world.begin()
  const { publisher } = aPublisher(world)
  publisher.start()
  await until(world, async () => ((await world.found())?.datasets ?? 0) > 0, 1)
  await publisher.stop()
  const { datasets } = (await world.found())!
  world.clock.advance(60_000)
  await settled()
  expect(await world.found()).toMatchObject({ status: 'IN_PROGRESS', datasets })
})
