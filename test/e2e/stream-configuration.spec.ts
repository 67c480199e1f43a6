import { InvalidParameterException } from '@aws-sdk/client-cognito-sync'
import { MemoryDatabase } from '../../apps/server/src/store/memory/memory-database.js'
import { adminOf, aGuest, aPool, datasetOf } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { ModelledSite, onModelledSite, put, refusal, RoleArn, WITHIN_MS } from '../support/stream/modelled-site.js'
import { errorOf } from '../support/wire-client.js'

const on = onModelledSite()
const { aTopic, enable, write, arrived, restart } = on

describe('a stream that is switched on', () => {
  test('[V50] is answered as set, and every accepted update is a message as Cognito Streams writes it', async () => {
    const topic = aTopic()
    const changed = await enable(topic)
    expect(changed.CognitoStreams).toEqual({ StreamName: topic, RoleArn, StreamingStatus: 'ENABLED' })
    const held = await on.sync.getIdentityPoolConfiguration({ IdentityPoolId: on.pool })
    expect(held.CognitoStreams).toEqual(changed.CognitoStreams)
    const guest = await aGuest(on.site.running, on.pool)
    await write(guest, put('theme', 'dark'), put('font', 'mono'))
    await write(guest, put('theme', 'light', 1))
    const [first, second] = await arrived(topic, 2)
    expect(first).toMatchObject({
      key: guest.identity,
      headers: { type: 'change', previousEpoch: '0', previousSyncCount: '0', schemaVersion: '1' },
      value: {
        identityPoolId: on.pool,
        identityId: guest.identity,
        datasetName: 'settings',
        operation: 'replace',
        payloadType: 'Inline',
        syncCount: 1,
        kinesisSyncRecords: [
          { key: 'theme', value: 'dark', syncCount: 1, op: 'replace' },
          { key: 'font', value: 'mono', syncCount: 1, op: 'replace' },
        ],
      },
    })
    expect(second).toMatchObject({ headers: { previousEpoch: '1', previousSyncCount: '1' }, value: { syncCount: 2 } })
  })

  test('[V54] sends nothing new once it is DISABLED, and goes on with its chain when it is enabled again', async () => {
    const topic = aTopic()
    await enable(topic)
    const guest = await aGuest(on.site.running, on.pool)
    await write(guest, put('k', '1'))
    await enable(topic, 'DISABLED')
    await write(guest, put('k', '2', 1))
    await write(guest, put('k', '3', 2))
    await enable(topic)
    await write(guest, put('k', '4', 3))
    const messages = await arrived(topic, 2)
    expect(messages.map(({ value, headers }) => [value['syncCount'], headers['previousSyncCount']])).toEqual([
      [1, '0'],
      [4, '1'],
    ])
  })

  test('[V2] begins its chains anew in another topic, and again when it comes back', async () => {
    const [one, other] = [aTopic(), aTopic()]
    await enable(one)
    const guest = await aGuest(on.site.running, on.pool)
    for (const [count, topic] of [one, one, other, other, one].entries()) {
      await enable(topic)
      await write(guest, put('k', String(count), count))
    }
    const chain = async (topic: string, changes: number) =>
      (await arrived(topic, changes)).map(({ value, headers }) => [
        value['syncCount'],
        headers['previousEpoch'],
        headers['previousSyncCount'],
      ])
    expect(await chain(one, 3)).toEqual([
      [1, '0', '0'],
      [2, '1', '1'],
      [5, '0', '0'],
    ])
    expect(await chain(other, 2)).toEqual([
      [3, '0', '0'],
      [4, '1', '3'],
    ])
  })

  test('[V54] still sends what waits when it is switched off meanwhile', async () => {
    const topic = aTopic()
    await enable(topic)
    const guest = await aGuest(on.site.running, on.pool)
    on.site.kafka.pause()
    await write(guest, put('k', '1'))
    await write(guest, put('k', '2', 1))
    await enable(topic, 'DISABLED')
    on.site.kafka.resume()
    await arrived(topic, 2)
  })
})

describe('a stream that cannot be', () => {
  test('[V51] a topic that is not there is refused by name', async () => {
    const fault = await refusal(enable('no-such-topic'))
    expect(fault).toBeInstanceOf(InvalidParameterException)
    expect(fault.message).toMatch(/^topic "no-such-topic" does not exist/)
    expect((await on.sync.getIdentityPoolConfiguration({ IdentityPoolId: on.pool })).CognitoStreams).toBeUndefined()
  })

  test('[V52] a compacted topic is refused, one with a single replica is warned of in the log', async () => {
    const fault = await refusal(enable(aTopic({ cleanupPolicy: 'compact' })))
    expect(fault).toBeInstanceOf(InvalidParameterException)
    expect(fault.message).toContain('is compacted')
    const topic = aTopic({ replicas: 1, inSyncReplicasMin: 1 })
    await enable(topic)
    const warned = on.site.logged.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(warned).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        pool: on.pool,
        msg: expect.stringContaining(`topic "${topic}" has one replica`),
      }),
    )
  })

  test('[V51] while Kafka is away it is unavailable, with a time to come back', async () => {
    on.site.kafka.away = true
    const target = `/identitypools/${encodeURIComponent(on.pool)}/configuration`
    const body = { CognitoStreams: { StreamName: aTopic(), RoleArn, StreamingStatus: 'ENABLED' } }
    const answer = await adminOf(on.site.running).wire.sendJson(target, body)
    on.site.kafka.away = false
    expect(errorOf(answer)).toMatchObject({ status: 503, type: 'ServiceUnavailableException' })
    expect(answer.headers['retry-after']).toBe('5')
    expect((await on.sync.getIdentityPoolConfiguration({ IdentityPoolId: on.pool })).CognitoStreams).toBeUndefined()
  })
})

test('[V61] a change that is too large is a link to the same records, for whoever has it and nobody else', async () => {
  const topic = aTopic({ batchBytesMax: 20_000 })
  await enable(topic)
  const guest = await aGuest(on.site.running, on.pool)
  const value = 'ü'.repeat(20_000)
  await write(guest, put('large', value), put('small', 's'))
  const [message] = await arrived(topic, 1)
  expect(message!.value).toMatchObject({ payloadType: 'S3Url', syncCount: 1, operation: 'replace' })
  expect(message!.value).not.toHaveProperty('kinesisSyncRecords')
  const url = new URL(message!.value['kinesisSyncRecordsURL'] as string)
  expect(url.origin).toBe(on.site.running.url)

  const found = await exchange(on.site.running.url, { target: url.pathname })
  expect([found.status, found.headers['content-type']]).toEqual([200, 'application/json'])
  expect(found.headers['cache-control']).toMatch(/^private\b/)
  expect(found.json()).toMatchObject([
    { key: 'large', value, syncCount: 1, op: 'replace' },
    { key: 'small', value: 's', syncCount: 1, op: 'replace' },
  ])

  const token = url.pathname.slice('/stream/records/'.length)
  for (const bad of [
    `${token}x`,
    token.slice(0, -1),
    `B${token.slice(1)}`,
    'nonsense',
    encodeURIComponent(guest.identity),
  ]) {
    const refused = await exchange(on.site.running.url, { target: `/stream/records/${bad}` })
    expect(errorOf(refused)).toMatchObject({ status: 403, type: 'NotAuthorizedException' })
  }
  await eventually(async () => {
    await on.site.stores.outbox.prune({ before: on.site.clock.now() + 1, limit: 1_000 })
    const gone = await exchange(on.site.running.url, { target: url.pathname })
    expect(errorOf(gone)).toMatchObject({ status: 404, type: 'ResourceNotFoundException' })
  }, WITHIN_MS)
})

test('[V8] deleting a dataset is a message without records', async () => {
  const topic = aTopic()
  await enable(topic)
  const guest = await aGuest(on.site.running, on.pool)
  await write(guest, put('k', 'v'))
  await guest.sync.deleteDataset(datasetOf(guest))
  const messages = await arrived(topic, 2)
  expect(messages[1]!.value).toMatchObject({ operation: 'remove', kinesisSyncRecords: [], syncCount: 2 })
})

test('[V55] a stream that its topic made impossible is DISABLED with its reason, until it is set again', async () => {
  const topic = aTopic()
  await enable(topic)
  const target = `/identitypools/${encodeURIComponent(on.pool)}/configuration`
  // What the relay does once a topic has refused for half a minute; that it does is tested with the relay.
  await on.site.stores.outbox.park({ streamName: topic, reason: 'the topic does not exist', at: on.site.clock.now() })
  await restart()
  const off = await eventually(async () => {
    const { CognitoStreams } = (await adminOf(on.site.running).wire.send({ target })).json() as {
      CognitoStreams: Record<string, unknown>
    }
    expect(CognitoStreams).toMatchObject({ StreamingStatus: 'DISABLED' })
    return CognitoStreams
  }, WITHIN_MS)
  expect(off).toEqual({
    StreamName: topic,
    RoleArn,
    StreamingStatus: 'DISABLED',
    DisabledReason: 'the topic does not exist',
  })
  await enable(topic)
  expect(await on.site.stores.outbox.parked()).toEqual([])
  const { CognitoStreams } = (await adminOf(on.site.running).wire.send({ target })).json() as { CognitoStreams: object }
  expect(CognitoStreams).toEqual({ StreamName: topic, RoleArn, StreamingStatus: 'ENABLED' })
})

test('[V62, V64] a server whose Kafka is away is ready and serves, and shows what waits', async () => {
  const topic = aTopic()
  await enable(topic)
  const guest = await aGuest(on.site.running, on.pool)
  on.site.kafka.away = true
  await write(guest, put('k', 'v'))
  const ready = await exchange(on.site.running.url, { target: '/health/ready' })
  expect(ready.status).toBe(200)
  expect(ready.json()).toMatchObject({ ready: true, stream: { relay: 'on', shards: 8 } })
  on.site.kafka.away = false
  await arrived(topic, 1)
})

test('[V63] a server without brokers, or without a relay, says so when pools stream', async () => {
  const database = new MemoryDatabase()
  const first = new ModelledSite(database)
  first.kafka.create('changes')
  await first.start()
  const own = await aPool(first.running)
  const admin = adminOf(first.running).sync
  const CognitoStreams = { StreamName: 'changes', RoleArn, StreamingStatus: 'ENABLED' } as const
  await admin.setIdentityPoolConfiguration({ IdentityPoolId: own, CognitoStreams })
  expect(first.welcome).not.toContain('SATCHEL_KAFKA_BROKERS')
  await first.stop()

  const second = new ModelledSite(database)
  await second.start({})
  expect(second.welcome).toContain(
    `Warning: 1 identity pool (${own} the first) streams while SATCHEL_KAFKA_BROKERS is not set`,
  )
  await second.stop()

  const third = new ModelledSite(database)
  await third.start({ SATCHEL_KAFKA_BROKERS: '127.0.0.1:9', SATCHEL_STREAM_RELAY: 'off' })
  expect(third.welcome).toContain('Warning: SATCHEL_STREAM_RELAY is off')
  await third.stop()
  for (const ended of [first, second, third]) ended.remove()
})
