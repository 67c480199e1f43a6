import { AWS_LIMITS, type Batch } from '@satchel/protocol'
import { Keyring } from '../access/keyring.js'
import { recordsLinkKey } from '../access/records-link.js'
import { Seal } from '../access/seal.js'
import { PoolConnections } from '../datasets/pool-connections.js'
import { IDENTITY, path, POOL, replace } from '../domain/testing/a-dataset.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { MemoryDatabase } from '../store/memory/memory-database.js'
import { memoryStores } from '../store/memory/memory-stores.js'
import { aPool } from '../store/testing/a-pool.js'
import { ChangeStream } from './change-stream.js'
import { RELAY_BOUNDS } from './relay-bounds.js'
import { MemoryKafka } from './testing/memory-kafka.js'
import { silentObserver } from './testing/silent-observer.js'

const MASTER_KEY = Buffer.alloc(32, 7)
const PUBLIC_URL = 'http://satchel.test'
const ON = { streamName: 'changes', roleArn: 'arn:aws:iam::000000000000:role/r', streamingStatus: 'ENABLED' } as const
const SHARD_NAMES = Array.from({ length: 8 }, (_, shard) => `shard-${shard}`)

type Options = Readonly<{ kafka?: boolean; relay?: boolean; backlogRowsMax?: number }>

/** The stream of a server over memory, with one pool and one identity, and a model of Kafka with the topic `changes`. */
async function aWorld({ kafka: hasKafka = true, relay = true, backlogRowsMax = 1_000 }: Options = {}) {
  const clock = new HeldClock()
  const linkKey = recordsLinkKey(new Keyring([MASTER_KEY]), 1_000_000)
  const stores = memoryStores(new MemoryDatabase(), { relay, linkKey, publicUrl: () => PUBLIC_URL })
  await stores.pools.create({ ...aPool(1), pool: POOL })
  await stores.identities.createGuest({ identity: IDENTITY, pool: POOL, at: 1 })
  const kafka = new MemoryKafka(clock)
  kafka.create('changes')
  const connections = new PoolConnections(stores.pools)
  let reads = 0
  const outbox = Object.assign(Object.create(stores.outbox) as typeof stores.outbox, {
    unpublished: (...asked: Parameters<typeof stores.outbox.unpublished>) => {
      reads++
      return stores.outbox.unpublished(...asked)
    },
  })
  const open = (random = 1, tellNodes: () => void = () => {}) =>
    new ChangeStream({
      config: { kafka: null, stream: { retentionDays: 7, backlogRowsMax, relay } },
      kafka: hasKafka ? { openPublisher: kafka.open, topics: kafka } : null,
      stores: { ...stores, outbox },
      connections,
      seal: new Seal(new Keyring([MASTER_KEY])),
      linkKey,
      publicUrl: () => PUBLIC_URL,
      tellNodes,
      observers: {
        relay: silentObserver(),
        settings: { enabled: () => {}, warned: () => {}, disabled: () => {} },
        bulkPublishes: {
          advanced: () => {},
          progress: () => {},
          succeeded: () => {},
          failed: () => {},
          interrupted: () => {},
        },
      },
      clock,
      random: new SeededRandom(random),
    })
  let sessions = 0
  const write = async (stream: ChangeStream, ...batch: Batch) => {
    const origin = { id: `s${sessions++}`, number: 0, hash: 'h' }
    const made = { kind: 'update', path: path(), batch, origin, device: null, at: clock.now(), by: 'me' } as const
    await stores.datasets.commit([made], AWS_LIMITS)
    stream.committed([path().identity])
  }
  const streams = async () => (await connections.of(POOL))!.cognitoStreams
  return { clock, stores, kafka, open, write, streams, connections, reads: () => reads }
}

/** Lets whatever is ready run to its next timer. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets time go by, a second at a time. */
async function pass(clock: HeldClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await settled()
    clock.advance(1_000)
  }
  await settled()
}

test('[V65] a commit wakes the relay where a pool streams, and only there', async () => {
  const { open, write, reads, kafka } = await aWorld()
  const stream = open()
  await stream.start()
  await settled()
  const before = reads()
  await write(stream, replace('k', '1'))
  await settled()
  expect(reads()).toBe(before)
  await stream.settings.configure(POOL, { cognitoStreams: ON })
  await write(stream, replace('k', '2', 1))
  await settled()
  expect(kafka.messages('changes').map(({ headers }) => headers['previousSyncCount'])).toEqual(['0'])
  await stream.stop()
})

test('[V65] a server that starts knows that a pool streams already', async () => {
  const { open, write, kafka } = await aWorld()
  const first = open()
  await first.settings.configure(POOL, { cognitoStreams: ON })
  const second = open(2)
  await second.start()
  await settled()
  await write(second, replace('k', '1'))
  await settled()
  expect(kafka.messages('changes')).toHaveLength(1)
  await second.stop()
})

test('[SN5] a commit that another node publishes is told to it, and it publishes without waiting; one of its own is told to nobody', async () => {
  const { open, write, kafka, clock } = await aWorld()
  const told: number[] = []
  const nodes = [1, 2].map((node) =>
    open(node, () => {
      told.push(node)
      for (const [at, other] of nodes.entries()) if (at !== node - 1) other.committedElsewhere()
    }),
  )
  await nodes[0]!.settings.configure(POOL, { cognitoStreams: ON })
  for (const node of nodes) await node.start()
  for (let looks = 0; looks < 6; looks++) await pass(clock, 1)
  expect(nodes.map((node) => node.shardsHeld)).toEqual([4, 4])
  await write(nodes[0]!, replace('k', '1'))
  await settled()
  // The second node knows by then that the pool streams, be it that it was the first that enabled it.
  await pass(clock, 10)
  told.length = 0
  for (const [at, node] of nodes.entries()) {
    await write(node, replace('k', `${at + 2}`, at + 1))
    await settled()
    clock.advance(RELAY_BOUNDS.restMsMax)
    await settled()
    expect(kafka.messages('changes')).toHaveLength(at + 2)
  }
  expect(told).toHaveLength(1)
  for (const node of nodes) await node.stop()
})

test('[SN2] a server without a relay takes no shard, and does not count among those that share them', async () => {
  const { open, stores, clock } = await aWorld({ relay: false })
  const stream = open()
  await stream.start()
  for (let seconds = 0; seconds < 5; seconds++) await pass(clock, 1)
  const names = SHARD_NAMES.flatMap((name, at) => [name, `relay-${at}`])
  expect((await stores.leases.holders({ names, now: clock.now() })).size).toBe(0)
  await stream.stop()
})

test('[V62] a stream that stops gives all its leases back, and another goes on at once', async () => {
  const { open, stores, clock } = await aWorld()
  const stream = open()
  await stream.settings.configure(POOL, { cognitoStreams: ON })
  await stores.bulkPublishes.begin({ pool: POOL, at: 1, unlessCompletedAfter: 0 })
  await stream.start()
  await settled()
  expect(stream.shardsHeld).toBe(8)
  await stream.stop()
  const now = clock.now()
  const names = [...SHARD_NAMES, 'bulk']
  expect(await stores.leases.take({ names, holder: 'other', now, until: now + 1 })).toHaveLength(9)
})

test('[V62] a Kafka that is away holds up neither the start nor the stop', async () => {
  const { open, write, kafka } = await aWorld()
  const stream = open()
  await stream.settings.configure(POOL, { cognitoStreams: ON })
  kafka.away = true
  await stream.start()
  await write(stream, replace('k', '1'))
  await settled()
  await stream.stop()
  const next = open(2)
  kafka.away = false
  await next.start()
  await settled()
  expect(kafka.messages('changes')).toHaveLength(1)
  await next.stop()
})

test('[V55] what a crash left parked while its pool streams is switched off at the next start', async () => {
  const { open, stores, streams } = await aWorld()
  const stream = open()
  await stream.settings.configure(POOL, { cognitoStreams: ON })
  await stores.outbox.park({ streamName: 'changes', reason: 'the topic does not exist', at: 1 })
  await stream.start()
  expect(await streams()).toMatchObject({ streamingStatus: 'DISABLED', disabledReason: 'the topic does not exist' })
  await stream.stop()
})

test('[V55] a topic that went away switches its stream off by name; mended and enabled, what waited is relayed', async () => {
  const { open, write, kafka, clock, streams } = await aWorld()
  const stream = open()
  await stream.settings.configure(POOL, { cognitoStreams: ON })
  await stream.start()
  await settled()
  kafka.delete('changes')
  await write(stream, replace('k', '1'))
  await pass(clock, 60)
  expect(await streams()).toMatchObject({
    streamingStatus: 'DISABLED',
    disabledReason: 'topic "changes": the topic does not exist',
  })
  kafka.create('changes')
  await stream.settings.configure(POOL, { cognitoStreams: ON })
  await pass(clock, 20)
  expect(kafka.messages('changes')).toHaveLength(1)
  await stream.stop()
})

test('[V55] a stream that is enabled while it is being parked does not stay on over rows that are set aside', async () => {
  const { open, write, kafka, clock, stores, streams } = await aWorld()
  const stream = open()
  await stream.settings.configure(POOL, { cognitoStreams: ON })
  const park = stores.outbox.park.bind(stores.outbox)
  // Its owner is quick: the topic is back, and the stream enabled, in the middle of the parking.
  stores.outbox.park = async (parked) => {
    kafka.create('changes')
    await stream.settings.configure(POOL, { cognitoStreams: ON })
    await park(parked)
  }
  await stream.start()
  await settled()
  kafka.delete('changes')
  await write(stream, replace('k', '1'))
  await pass(clock, 60)
  expect(await stores.outbox.parked()).toHaveLength(1)
  expect(await streams()).toMatchObject({ streamingStatus: 'DISABLED' })
  await stream.stop()
})

test('[V61] a change that its topic no longer takes is published as a link that opens', async () => {
  const { open, write, kafka, clock, stores } = await aWorld()
  const stream = open()
  await stream.settings.configure(POOL, { cognitoStreams: ON })
  await stream.start()
  await settled()
  kafka.alter('changes', { batchBytesMax: 20_000 })
  await write(stream, replace('k', 'x'.repeat(30_000)))
  await pass(clock, 10)
  const [message] = kafka.messages('changes')
  const { kinesisSyncRecordsURL: url } = JSON.parse(message!.value) as Record<string, string>
  expect(url).toMatch(/^http:\/\/satchel\.test\/stream\/records\//)
  const token = url!.slice(`${PUBLIC_URL}/stream/records/`.length)
  const answer = await stream.linkedRecords.behind(token)
  if (answer.kind !== 'found') throw new Error(`the link is ${answer.kind}`)
  expect(JSON.parse(answer.records)).toMatchObject([{ key: 'k', value: 'x'.repeat(30_000) }])
  expect(await stream.linkedRecords.behind(`${token}x`)).toEqual({ kind: 'closed' })
  clock.advance(1_000_000)
  expect(await stream.linkedRecords.behind(token)).toEqual({ kind: 'closed' })
  expect(await stores.outbox.linkedRecords('nothing')).toBeNull()
  await stream.stop()
})

test('[V64] its standing tells what this process works on and what waits, and nothing without Kafka', async () => {
  const { open, write, kafka, clock } = await aWorld()
  const stream = open()
  await stream.settings.configure(POOL, { cognitoStreams: ON })
  expect(stream.standing()).toEqual({ relay: 'on', shards: 0, waitingRows: null, waitingSeconds: null })
  kafka.away = true
  await write(stream, replace('k', '1'))
  await stream.start()
  await pass(clock, 10)
  expect(stream.standing()).toMatchObject({ relay: 'on', shards: 8, waitingRows: 1, waitingSeconds: 10 })
  await stream.stop()
  const withoutKafka = await aWorld({ kafka: false })
  expect(withoutKafka.open().standing()).toBeNull()
  const withoutRelay = await aWorld({ relay: false })
  expect(withoutRelay.open().standing()).toMatchObject({ relay: 'off', shards: 0 })
})

test('[V63] a server without brokers keeps what waits for them bounded, and says at its start who streams', async () => {
  const withKafka = await aWorld({ backlogRowsMax: 2 })
  await withKafka.open().settings.configure(POOL, { cognitoStreams: ON })
  const settings = (await withKafka.connections.of(POOL))!

  const { open, write, clock, streams, connections } = await aWorld({ kafka: false, backlogRowsMax: 2 })
  await connections.change(POOL, () => settings)
  const stream = open()
  expect(await stream.warnings()).toEqual([
    `1 identity pool (${POOL} the first) streams while SATCHEL_KAFKA_BROKERS is not set: ` +
      'changes are kept in the outbox until a server with brokers publishes them.',
  ])
  await stream.start()
  for (let count = 0; count < 3; count++) await write(stream, replace('k', String(count), count))
  await pass(clock, 10)
  expect(await streams()).toMatchObject({
    streamingStatus: 'DISABLED',
    disabledReason: expect.stringContaining('wait'),
  })
  await stream.stop()
})
