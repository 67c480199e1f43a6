import {
  AlreadyStreamedException,
  CognitoSync,
  DuplicateRequestException,
  InvalidParameterException,
  ResourceNotFoundException,
} from '@aws-sdk/client-cognito-sync'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { recordsLinkKey } from '../../apps/server/src/access/records-link.js'
import { readConfig } from '../../apps/server/src/config/config.js'
import { createLog } from '../../apps/server/src/ops/log.js'
import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { createServer, type Server } from '../../apps/server/src/serve.js'
import { MemoryDatabase } from '../../apps/server/src/store/memory/memory-database.js'
import { memoryStores } from '../../apps/server/src/store/memory/memory-stores.js'
import type { Stores } from '../../apps/server/src/store/stores.js'
import { MemoryKafka } from '../../apps/server/src/stream/testing/memory-kafka.js'
import { adminOf, aGuest, aPool, datasetOf, REGION, type Somebody } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { errorOf } from '../support/wire-client.js'

const ADMIN = { accessKeyId: 'AKIASATCHELSATCHELXX', secretAccessKey: 'a/long+lived/secret/of/forty/characters0' }
const MASTER_KEY = Buffer.alloc(32, 7)
const ABSENT_POOL = `${REGION}:00000000-0000-4000-8000-00000000dead`
const RoleArn = 'arn:aws:iam::000000000000:role/streams'
const WITHIN_MS = 10_000

/** A whole server over memory in this process, whose Kafka is a model. */
class Site {
  readonly logged: string[] = []
  readonly clock = new SystemClock()
  readonly kafka = new MemoryKafka(this.clock)
  private readonly directory = mkdtempSync(join(tmpdir(), 'satchel-stream-'))
  private server: Server | null = null

  readonly stores: Stores

  constructor(database = new MemoryDatabase()) {
    const linkKey = recordsLinkKey(MASTER_KEY, 7 * 86_400_000)
    this.stores = memoryStores(database, { relay: true, linkKey, publicUrl: () => this.server?.publicUrl ?? null })
  }

  async start(env: Readonly<Record<string, string>> = { SATCHEL_KAFKA_BROKERS: '127.0.0.1:9' }): Promise<void> {
    const config = readConfig({
      SATCHEL_PORT: '0',
      SATCHEL_DATA_DIR: this.directory,
      SATCHEL_DEMO: 'off',
      SATCHEL_MASTER_KEY: MASTER_KEY.toString('base64'),
      SATCHEL_ADMIN_ACCESS_KEY_ID: ADMIN.accessKeyId,
      SATCHEL_ADMIN_SECRET_ACCESS_KEY: ADMIN.secretAccessKey,
      ...env,
    })
    const log = createLog('info', { write: (line: string) => void this.logged.push(line) })
    const kafka = { openPublisher: this.kafka.open, topics: this.kafka }
    this.server = await createServer(config, {
      log,
      stores: this.stores,
      clock: this.clock,
      ...(env['SATCHEL_KAFKA_BROKERS'] === undefined ? {} : { kafka }),
    })
  }

  /** As the helpers of the tests know a server. */
  get running() {
    return { url: this.server!.url, admin: ADMIN } as Parameters<typeof adminOf>[0]
  }

  get welcome(): string {
    return this.server!.welcome
  }

  stop = (): Promise<void> => this.server!.close()

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** The messages of a topic, with their values read. */
  messages(topic: string) {
    return this.kafka.messages(topic).map(({ value, ...message }) => ({
      ...message,
      value: JSON.parse(value) as Record<string, unknown>,
    }))
  }
}

let site: Site
let sync: CognitoSync
let pool: string
let topics = 0

beforeAll(async () => {
  site = new Site()
  await site.start()
  sync = new CognitoSync({ endpoint: site.running.url, region: REGION, credentials: ADMIN, maxAttempts: 1 })
})
afterAll(async () => {
  await site.stop()
  site.remove()
})
beforeEach(async () => {
  pool = await aPool(site.running)
})

/** A topic of its own for a test. */
function aTopic(facts: Parameters<MemoryKafka['create']>[1] = {}): string {
  const topic = `changes-${++topics}`
  site.kafka.create(topic, facts)
  return topic
}

const enable = (StreamName: string, StreamingStatus: 'ENABLED' | 'DISABLED' = 'ENABLED') =>
  sync.setIdentityPoolConfiguration({
    IdentityPoolId: pool,
    CognitoStreams: { StreamName, RoleArn, StreamingStatus },
  })

const put = (Key: string, Value: string, SyncCount = 0) => ({ Op: 'replace', Key, Value, SyncCount }) as const

async function write(somebody: Somebody, ...RecordPatches: ReturnType<typeof put>[]) {
  const path = datasetOf(somebody)
  const { SyncSessionToken } = await somebody.sync.listRecords(path)
  return somebody.sync.updateRecords({ ...path, SyncSessionToken, RecordPatches })
}

/** Waits until a topic holds so many messages. */
const arrived = (topic: string, count: number) =>
  eventually(async () => {
    expect(site.messages(topic)).toHaveLength(count)
    return Promise.resolve(site.messages(topic))
  }, WITHIN_MS)

const refusal = (call: Promise<unknown>): Promise<Error> =>
  call.then(
    () => Promise.reject(new Error('the call was not refused')),
    (fault: Error) => fault,
  )

describe('a stream that is switched on', () => {
  test('[V50] is answered as set, and every accepted update is a message as Cognito Streams writes it', async () => {
    const topic = aTopic()
    const changed = await enable(topic)
    expect(changed.CognitoStreams).toEqual({ StreamName: topic, RoleArn, StreamingStatus: 'ENABLED' })
    const held = await sync.getIdentityPoolConfiguration({ IdentityPoolId: pool })
    expect(held.CognitoStreams).toEqual(changed.CognitoStreams)
    const guest = await aGuest(site.running, pool)
    await write(guest, put('theme', 'dark'), put('font', 'mono'))
    await write(guest, put('theme', 'light', 1))
    const [first, second] = await arrived(topic, 2)
    expect(first).toMatchObject({
      key: guest.identity,
      headers: { type: 'change', previousEpoch: '0', previousSyncCount: '0', schemaVersion: '1' },
      value: {
        identityPoolId: pool,
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
    const guest = await aGuest(site.running, pool)
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
    const guest = await aGuest(site.running, pool)
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
    const guest = await aGuest(site.running, pool)
    site.kafka.pause()
    await write(guest, put('k', '1'))
    await write(guest, put('k', '2', 1))
    await enable(topic, 'DISABLED')
    site.kafka.resume()
    await arrived(topic, 2)
  })
})

describe('a stream that cannot be', () => {
  test('[V51] a topic that is not there is refused by name', async () => {
    const fault = await refusal(enable('no-such-topic'))
    expect(fault).toBeInstanceOf(InvalidParameterException)
    expect(fault.message).toMatch(/^topic "no-such-topic" does not exist/)
    expect((await sync.getIdentityPoolConfiguration({ IdentityPoolId: pool })).CognitoStreams).toBeUndefined()
  })

  test('[V52] a compacted topic is refused, one with a single replica is warned of in the log', async () => {
    const fault = await refusal(enable(aTopic({ cleanupPolicy: 'compact' })))
    expect(fault).toBeInstanceOf(InvalidParameterException)
    expect(fault.message).toContain('is compacted')
    const topic = aTopic({ replicas: 1, inSyncReplicasMin: 1 })
    await enable(topic)
    const warned = site.logged.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(warned).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        pool,
        msg: expect.stringContaining(`topic "${topic}" has one replica`),
      }),
    )
  })

  test('[V51] while Kafka is away it is unavailable, with a time to come back', async () => {
    site.kafka.away = true
    const target = `/identitypools/${encodeURIComponent(pool)}/configuration`
    const body = { CognitoStreams: { StreamName: aTopic(), RoleArn, StreamingStatus: 'ENABLED' } }
    const answer = await adminOf(site.running).wire.sendJson(target, body)
    site.kafka.away = false
    expect(errorOf(answer)).toMatchObject({ status: 503, type: 'ServiceUnavailableException' })
    expect(answer.headers['retry-after']).toBe('5')
    expect((await sync.getIdentityPoolConfiguration({ IdentityPoolId: pool })).CognitoStreams).toBeUndefined()
  })
})

test('[V61] a change that is too large is a link to the same records, for whoever has it and nobody else', async () => {
  const topic = aTopic({ batchBytesMax: 20_000 })
  await enable(topic)
  const guest = await aGuest(site.running, pool)
  const value = 'ü'.repeat(20_000)
  await write(guest, put('large', value), put('small', 's'))
  const [message] = await arrived(topic, 1)
  expect(message!.value).toMatchObject({ payloadType: 'S3Url', syncCount: 1, operation: 'replace' })
  expect(message!.value).not.toHaveProperty('kinesisSyncRecords')
  const url = new URL(message!.value['kinesisSyncRecordsURL'] as string)
  expect(url.origin).toBe(site.running.url)

  const found = await exchange(site.running.url, { target: url.pathname })
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
    const refused = await exchange(site.running.url, { target: `/stream/records/${bad}` })
    expect(errorOf(refused)).toMatchObject({ status: 403, type: 'NotAuthorizedException' })
  }
  await eventually(async () => {
    await site.stores.outbox.prune({ before: site.clock.now() + 1, limit: 1_000 })
    const gone = await exchange(site.running.url, { target: url.pathname })
    expect(errorOf(gone)).toMatchObject({ status: 404, type: 'ResourceNotFoundException' })
  }, WITHIN_MS)
})

test('[V8] deleting a dataset is a message without records', async () => {
  const topic = aTopic()
  await enable(topic)
  const guest = await aGuest(site.running, pool)
  await write(guest, put('k', 'v'))
  await guest.sync.deleteDataset(datasetOf(guest))
  const messages = await arrived(topic, 2)
  expect(messages[1]!.value).toMatchObject({ operation: 'remove', kinesisSyncRecords: [], syncCount: 2 })
})

test('[V55] a stream that its topic made impossible is DISABLED with its reason, until it is set again', async () => {
  const topic = aTopic()
  await enable(topic)
  const target = `/identitypools/${encodeURIComponent(pool)}/configuration`
  // What the relay does once a topic has refused for half a minute; that it does is tested with the relay.
  await site.stores.outbox.park({ streamName: topic, reason: 'the topic does not exist', at: site.clock.now() })
  await site.stop()
  await site.start()
  sync = new CognitoSync({ endpoint: site.running.url, region: REGION, credentials: ADMIN, maxAttempts: 1 })
  const off = await eventually(async () => {
    const { CognitoStreams } = (await adminOf(site.running).wire.send({ target })).json() as {
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
  expect(await site.stores.outbox.parked()).toEqual([])
  const { CognitoStreams } = (await adminOf(site.running).wire.send({ target })).json() as { CognitoStreams: object }
  expect(CognitoStreams).toEqual({ StreamName: topic, RoleArn, StreamingStatus: 'ENABLED' })
})

describe('bulk publish', () => {
  const details = () => sync.getBulkPublishDetails({ IdentityPoolId: pool })

  test('[V56, V57] goes through its states, one at a time and once a day', async () => {
    const topic = aTopic()
    const guests = [await aGuest(site.running, pool), await aGuest(site.running, pool)]
    for (const guest of guests) await write(guest, put('k', guest.identity))
    expect(await details()).toMatchObject({ IdentityPoolId: pool, BulkPublishStatus: 'NOT_STARTED' })
    const fault = await refusal(sync.bulkPublish({ IdentityPoolId: pool }))
    expect(fault).toBeInstanceOf(InvalidParameterException)
    expect(fault.message).toBe(`streams are not enabled for the identity pool '${pool}'`)

    await enable(topic)
    site.kafka.pause()
    expect((await sync.bulkPublish({ IdentityPoolId: pool })).IdentityPoolId).toBe(pool)
    const underway = await details()
    expect(underway).toMatchObject({ BulkPublishStatus: 'IN_PROGRESS', BulkPublishStartTime: expect.any(Date) })
    expect(underway.BulkPublishCompleteTime).toBeUndefined()
    expect(await refusal(sync.bulkPublish({ IdentityPoolId: pool }))).toBeInstanceOf(DuplicateRequestException)

    site.kafka.resume()
    const done = await eventually(async () => {
      const now = await details()
      expect(now.BulkPublishStatus).toBe('SUCCEEDED')
      return now
    }, WITHIN_MS)
    expect(done.BulkPublishCompleteTime!.getTime()).toBeGreaterThanOrEqual(done.BulkPublishStartTime!.getTime())
    expect(done.FailureMessage).toBeUndefined()
    const messages = await arrived(topic, 2)
    expect(messages.map(({ key }) => key).sort()).toEqual(guests.map(({ identity }) => identity).sort())
    expect(messages[0]).toMatchObject({ headers: { type: 'snapshot' }, value: { operation: 'replace', syncCount: 1 } })
    const again = await refusal(sync.bulkPublish({ IdentityPoolId: pool }))
    expect(again).toBeInstanceOf(AlreadyStreamedException)
    expect(again.message).toMatch(/it can be again from \d{4}-\d\d-\d\dT/)
  })

  test('[V59] fails with a sentence when the stream is switched off meanwhile, and may then begin again', async () => {
    const topic = aTopic()
    const guest = await aGuest(site.running, pool)
    await write(guest, put('k', 'v'))
    await enable(topic)
    site.kafka.pause()
    await sync.bulkPublish({ IdentityPoolId: pool })
    await enable(topic, 'DISABLED')
    const failed = await eventually(async () => {
      const now = await details()
      expect(now.BulkPublishStatus).toBe('FAILED')
      return now
    }, WITHIN_MS)
    site.kafka.resume()
    expect(failed.FailureMessage).toBe('the stream of the identity pool was switched off meanwhile')
    expect(failed.BulkPublishCompleteTime).toBeUndefined()
    await enable(topic)
    await sync.bulkPublish({ IdentityPoolId: pool })
    await eventually(async () => expect((await details()).BulkPublishStatus).toBe('SUCCEEDED'), WITHIN_MS)
  })

  test('[V57] a pool that does not exist is not found', async () => {
    for (const call of [
      sync.bulkPublish({ IdentityPoolId: ABSENT_POOL }),
      sync.getBulkPublishDetails({ IdentityPoolId: ABSENT_POOL }),
    ]) {
      expect(await refusal(call)).toBeInstanceOf(ResourceNotFoundException)
    }
  })

  test('[V60] is counted', async () => {
    const { text } = await exchange(site.running.url, { target: '/metrics' })
    expect(text).toMatch(/^satchel_bulk_publish_datasets_total [1-9]/m)
    expect(text).toMatch(/^satchel_bulk_publish_in_progress \d/m)
  })
})

test('[V62, V64] a server whose Kafka is away is ready and serves, and shows what waits', async () => {
  const topic = aTopic()
  await enable(topic)
  const guest = await aGuest(site.running, pool)
  site.kafka.away = true
  await write(guest, put('k', 'v'))
  const ready = await exchange(site.running.url, { target: '/health/ready' })
  expect(ready.status).toBe(200)
  expect(ready.json()).toMatchObject({ ready: true, stream: { relay: 'on', shards: 8 } })
  site.kafka.away = false
  await arrived(topic, 1)
})

test('[V63] a server without brokers, or without a relay, says so when pools stream', async () => {
  const database = new MemoryDatabase()
  const first = new Site(database)
  first.kafka.create('changes')
  await first.start()
  const own = await aPool(first.running)
  const admin = adminOf(first.running).sync
  const CognitoStreams = { StreamName: 'changes', RoleArn, StreamingStatus: 'ENABLED' } as const
  await admin.setIdentityPoolConfiguration({ IdentityPoolId: own, CognitoStreams })
  expect(first.welcome).not.toContain('SATCHEL_KAFKA_BROKERS')
  await first.stop()

  const second = new Site(database)
  await second.start({})
  expect(second.welcome).toContain(
    `Warning: 1 identity pool (${own} the first) streams while SATCHEL_KAFKA_BROKERS is not set`,
  )
  await second.stop()

  const third = new Site(database)
  await third.start({ SATCHEL_KAFKA_BROKERS: '127.0.0.1:9', SATCHEL_STREAM_RELAY: 'off' })
  expect(third.welcome).toContain('Warning: SATCHEL_STREAM_RELAY is off')
  await third.stop()
  for (const ended of [first, second, third]) ended.remove()
})
