import type { IdentityPoolId } from '@satchel/protocol'
import { PoolConnections } from '../datasets/pool-connections.js'
import type { StreamWish } from '../domain/sync-settings.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { MemoryDatabase } from '../store/memory/memory-database.js'
import { memoryStores } from '../store/memory/memory-stores.js'
import { aPool } from '../store/testing/a-pool.js'
import { StreamSettings } from './stream-settings.js'
import { MemoryKafka } from './testing/memory-kafka.js'

const ON: StreamWish = {
  streamName: 'changes',
  roleArn: 'arn:aws:iam::000000000000:role/streams',
  streamingStatus: 'ENABLED',
}
const OFF: StreamWish = { ...ON, streamingStatus: 'DISABLED' }
const DAY = 86_400_000

/** Pools over memory, and a model of Kafka with the topics `satchel.changes` and `satchel.others`. */
async function aWorld({ kafka: hasKafka = true, pools = 1 } = {}) {
  const clock = new HeldClock()
  const stores = memoryStores(new MemoryDatabase())
  const kafka = new MemoryKafka(clock)
  kafka.create('satchel.changes', { partitions: 4 })
  kafka.create('satchel.others', { partitions: 2 })
  const told: string[] = []
  const connections = new PoolConnections(stores.pools)
  const settings = new StreamSettings({
    connections,
    pools: stores.pools,
    outbox: stores.outbox,
    bulks: stores.bulkPublishes,
    kafka: hasKafka ? { topics: kafka, topicPrefix: 'satchel.' } : null,
    changeLogMs: 7 * DAY,
    clock,
    observer: {
      enabled: ({ topic }) => void told.push(`enabled ${topic}`),
      warned: (_, warning) => void told.push(`warned ${warning}`),
      disabled: ({ streamName, reason }) => void told.push(`disabled ${streamName}: ${reason}`),
    },
  })
  const ids: IdentityPoolId[] = []
  for (let n = 1; n <= pools; n++) {
    await stores.pools.create(aPool(n))
    ids.push(aPool(n).pool)
  }
  const streamsOf = async (pool = ids[0]!) => (await connections.of(pool))?.cognitoStreams
  const set = (wish: StreamWish | null, pool = ids[0]!) => settings.configure(pool, { cognitoStreams: wish })
  return { clock, stores, kafka, told, connections, settings, ids, pool: ids[0]!, streamsOf, set }
}

test('[V50] enabling a stream stores what was found of its topic, under the prefix of the server', async () => {
  const { set, streamsOf, told, settings, clock } = await aWorld()
  expect(settings.mayStream).toBe(false)
  const changed = await set(ON)
  expect(changed?.cognitoStreams).toEqual({
    ...ON,
    disabledReason: null,
    target: { streamName: 'changes', partitions: 4, begun: clock.now(), payloadBytesMax: expect.any(Number) },
  })
  expect(await streamsOf()).toEqual(changed?.cognitoStreams)
  expect([told, settings.mayStream]).toEqual([['enabled satchel.changes'], true])
})

test('[V50] a pool that is not there has no stream, and Kafka is not even asked', async () => {
  const { set, kafka } = await aWorld()
  kafka.away = true
  expect(await set(ON, aPool(9).pool)).toBeNull()
})

test.each<[string, (kafka: MemoryKafka) => void, Partial<StreamWish>, RegExp]>([
  ['does not exist', () => undefined, { streamName: 'nothing' }, /^topic "satchel\.nothing" does not exist/],
  [
    'may not be looked at',
    (kafka) => (kafka.inspect = () => Promise.resolve({ kind: 'forbidden', reason: 'no right to describe it' })),
    {},
    /^topic "satchel\.changes" may not be looked at by this server: no right to describe it$/,
  ],
  [
    'is compacted',
    (kafka) => kafka.alter('satchel.changes', { cleanupPolicy: 'compact' }),
    {},
    /"satchel\.changes" is compacted/,
  ],
  [
    'has a name that no topic can have',
    () => undefined,
    { streamName: 'a b' },
    /^"satchel\.a b" cannot be the name of a Kafka topic/,
  ],
  [
    'has a name that is too long with its prefix',
    () => undefined,
    { streamName: 'x'.repeat(242) },
    /cannot be the name of a Kafka topic/,
  ],
])('[V51] a stream whose topic %s is refused by name, and nothing is changed', async (_, prepare, over, message) => {
  const { set, kafka, streamsOf, told } = await aWorld()
  prepare(kafka)
  await expect(set({ ...ON, ...over })).rejects.toMatchObject({
    code: 'InvalidParameter',
    message: expect.stringMatching(message),
  })
  expect([await streamsOf(), told]).toEqual([null, []])
})

test('[V51] while Kafka is away nothing is changed, and the caller is told when to come back', async () => {
  const { set, kafka, streamsOf, pool, settings } = await aWorld()
  kafka.away = true
  await expect(
    settings.configure(pool, { pushSync: { applicationArns: [], roleArn: 'r' }, cognitoStreams: ON }),
  ).rejects.toMatchObject({ code: 'ServiceUnavailable', retryAfterSeconds: 5 })
  expect(await streamsOf()).toBeNull()
  kafka.away = false
  expect((await set(ON))?.pushSync).toBeNull()
})

test('[F15] without Kafka no stream is enabled, and one that is off can be kept', async () => {
  const { set, streamsOf } = await aWorld({ kafka: false })
  await expect(set(ON)).rejects.toMatchObject({ code: 'InvalidParameter' })
  await set(OFF)
  expect(await streamsOf()).toEqual({ ...OFF, disabledReason: null, target: null })
})

test('[V52] what is unsafe about a topic is told by name when its stream is enabled', async () => {
  const { set, kafka, told } = await aWorld()
  kafka.alter('satchel.changes', { replicas: 1, inSyncReplicasMin: 1, retentionMs: 3_600_000 })
  await set(ON)
  expect(told).toEqual([
    'enabled satchel.changes',
    expect.stringMatching(/^warned topic "satchel\.changes" has one replica/),
    expect.stringMatching(/^warned topic "satchel\.changes" keeps messages for 60 minutes/),
  ])
})

test('[V53] a stream that is enabled again, at once or after it was off, keeps its partitions though the topic has more', async () => {
  const { set, kafka, streamsOf, settings } = await aWorld()
  await set(ON)
  kafka.alter('satchel.changes', { partitions: 8, batchBytesMax: 100_000 })
  await set(ON)
  expect(await streamsOf()).toMatchObject({ target: { partitions: 4, payloadBytesMax: 97_952 } })
  await set(OFF)
  await set(ON)
  await settings.disable(null, 'enough')
  await set(ON)
  expect(await streamsOf()).toMatchObject({ streamingStatus: 'ENABLED', target: { partitions: 4 } })
})

test('[V53] with fewer partitions than it had, a stream is refused until it has another name', async () => {
  const { set, kafka, streamsOf } = await aWorld()
  await set(ON)
  kafka.alter('satchel.changes', { partitions: 3 })
  await expect(set(ON)).rejects.toMatchObject({
    code: 'InvalidParameter',
    message: expect.stringMatching(/3 partitions now/),
  })
  expect(await streamsOf()).toMatchObject({ streamingStatus: 'ENABLED', target: { partitions: 4 } })
  await set({ ...ON, streamName: 'others' })
  expect(await streamsOf()).toMatchObject({ target: { streamName: 'others', partitions: 2 } })
})

test('[V54] enabling a stream lets its parked rows go on', async () => {
  const { set, stores } = await aWorld()
  await stores.outbox.park({ streamName: 'changes', reason: 'gone', at: 1 })
  await stores.outbox.park({ streamName: 'others', reason: 'gone', at: 1 })
  await set(ON)
  expect((await stores.outbox.parked()).map(({ streamName }) => streamName)).toEqual(['others'])
})

test('[V55] the server switches off a stream in every pool that has it on, with its reason, and no other', async () => {
  const { set, settings, ids, streamsOf, told } = await aWorld({ pools: 4 })
  const [first, second, third, fourth] = ids as [IdentityPoolId, IdentityPoolId, IdentityPoolId, IdentityPoolId]
  await set(ON, first)
  await set(ON, second)
  await set({ ...ON, streamName: 'others' }, third)
  await set(OFF, fourth)
  told.length = 0
  expect(await settings.disable('changes', 'topic "satchel.changes" is gone')).toBe(2)
  const off = { streamingStatus: 'DISABLED', disabledReason: 'topic "satchel.changes" is gone' }
  expect([await streamsOf(first), await streamsOf(second)]).toEqual([
    expect.objectContaining(off),
    expect.objectContaining(off),
  ])
  expect(await streamsOf(third)).toMatchObject({ streamingStatus: 'ENABLED' })
  expect(await streamsOf(fourth)).toMatchObject({ disabledReason: null })
  expect(told).toEqual(Array(2).fill('disabled changes: topic "satchel.changes" is gone'))
  expect(await settings.disable(null, 'too much waits')).toBe(1)
  expect(await streamsOf(third)).toMatchObject({ disabledReason: 'too much waits' })
  expect(await streamsOf(first)).toMatchObject(off)
})

test('[V55] switching off and setting take turns, and keep each other’s parts', async () => {
  const { set, settings, pool, connections } = await aWorld()
  await set(ON)
  const pushSync = { applicationArns: ['arn:x'], roleArn: 'r' }
  await Promise.all([settings.disable('changes', 'gone'), settings.configure(pool, { pushSync })])
  expect(await connections.of(pool)).toMatchObject({ pushSync, cognitoStreams: { disabledReason: 'gone' } })
})

test('[V55] a stream that its owner set meanwhile to another name stays on', async () => {
  const { set, settings, stores, streamsOf } = await aWorld()
  await set(ON)
  const listed = stores.pools.streaming.bind(stores.pools)
  stores.pools.streaming = async () => {
    const pools = await listed()
    await set({ ...ON, streamName: 'others' })
    return pools
  }
  expect(await settings.disable('changes', 'gone')).toBe(0)
  expect(await streamsOf()).toMatchObject({ streamName: 'others', streamingStatus: 'ENABLED' })
})

test('[V59] a bulk publish ends where the stream gets another name', async () => {
  const { set, stores, pool } = await aWorld()
  await set(ON)
  await stores.bulkPublishes.begin({ pool, at: 1, unlessCompletedAfter: 0 })
  await set(ON)
  expect(await stores.bulkPublishes.find(pool)).toMatchObject({ status: 'IN_PROGRESS' })
  await set({ ...ON, streamName: 'others' })
  expect(await stores.bulkPublishes.find(pool)).toMatchObject({
    status: 'FAILED',
    failure: 'the stream of the identity pool was changed from "changes" to "others" meanwhile',
  })
})

test('[F14] a part that is not given stays, and null clears it', async () => {
  const { set, settings, pool } = await aWorld()
  await set(ON)
  const kept = await settings.configure(pool, {})
  expect(kept?.cognitoStreams).toMatchObject(ON)
  expect((await settings.configure(pool, { cognitoStreams: null }))?.cognitoStreams).toBeNull()
})
