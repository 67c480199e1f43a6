import type { CognitoStreams } from '@aws-sdk/client-cognito-sync'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import type { KafkaCluster } from '../support/kafka/kafka-cluster.js'
import { adminOf, aGuest, aPool, datasetOf, type Somebody } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { replace } from '../support/wire-client.js'

const PREFIX = 'site.'
const RoleArn = 'arn:aws:iam::000000000000:role/streams'
const WITHIN_MS = 20_000
const GUESTS = 20
const DATASETS_EACH = 20

describeWithKafka('streams of pools, with a real Kafka', {}, (kafka: () => KafkaCluster) => {
  let server: RunningServer
  let pool: string
  let topics = 0

  beforeAll(async () => {
    server = await startServer({
      settings: {
        SATCHEL_KAFKA_BROKERS: kafka().addresses.join(','),
        SATCHEL_KAFKA_TOPIC_PREFIX: PREFIX,
      },
    })
  }, 60_000)
  afterAll(() => server.stop())
  beforeEach(async () => {
    pool = await aPool(server)
  })

  /** A topic of its own for a test; answers the name of the stream. */
  async function aTopic(configs: Readonly<Record<string, string>> = {}): Promise<string> {
    const name = `changes-${++topics}`
    await kafka().createTopic(PREFIX + name, { numPartitions: 3, configs })
    return name
  }

  async function set(StreamName: string, StreamingStatus: 'ENABLED' | 'DISABLED' = 'ENABLED') {
    const asked = { IdentityPoolId: pool, CognitoStreams: { StreamName, RoleArn, StreamingStatus } }
    const { CognitoStreams } = await adminOf(server).sync.setIdentityPoolConfiguration(asked)
    return CognitoStreams as CognitoStreams
  }

  async function write({ sync, ...somebody }: Somebody, Key: string, Value: string, SyncCount = 0) {
    const path = datasetOf(somebody)
    const { SyncSessionToken } = await sync.listRecords(path)
    const RecordPatches = [{ Op: 'replace', Key, Value, SyncCount }] as const
    return sync.updateRecords({ ...path, SyncSessionToken, RecordPatches: [...RecordPatches] })
  }

  const messagesOf = async (stream: string) =>
    (await kafka().read(PREFIX + stream)).map(({ value, ...message }) => ({
      ...message,
      value: JSON.parse(value!) as Record<string, unknown>,
    }))

  const arrived = (stream: string, count: number) =>
    eventually(async () => {
      const messages = await messagesOf(stream)
      expect(messages).toHaveLength(count)
      return messages
    }, WITHIN_MS)

  test('[V50] an enabled stream carries every update and the deletion, in order, on one partition', async () => {
    const stream = await aTopic()
    expect(await set(stream)).toEqual({ StreamName: stream, RoleArn, StreamingStatus: 'ENABLED' })
    const guest = await aGuest(server, pool)
    for (let count = 0; count < 5; count++) await write(guest, 'k', `v${count}`, count)
    await guest.sync.deleteDataset(datasetOf(guest))
    const messages = await arrived(stream, 6)
    expect(new Set(messages.map(({ partition }) => partition)).size).toBe(1)
    expect(messages.map(({ value, key }) => [key, value['syncCount'], value['operation']])).toEqual([
      ...[1, 2, 3, 4, 5].map((count) => [guest.identity, count, 'replace']),
      [guest.identity, 6, 'remove'],
    ])
    expect(messages.map(({ headers }) => headers['previousSyncCount'])).toEqual(['0', '1', '2', '3', '4', '5'])
    expect(messages.map(({ headers }) => headers['previousEpoch'])).toEqual(['0', '1', '1', '1', '1', '1'])
    expect(messages.map(({ headers }) => headers['id'])).toEqual(
      [1, 2, 3, 4, 5, 6].map((count) => `${guest.identity}/settings/1/${count}`),
    )
  })

  test('[V51, V52] a topic that is missing or compacted is refused by name, one with a single replica is warned of', async () => {
    await expect(set('missing')).rejects.toThrow('topic "site.missing" does not exist')
    await expect(set(await aTopic({ 'cleanup.policy': 'compact' }))).rejects.toThrow('is compacted')
    const stream = await aTopic()
    await set(stream)
    const warned = (await server.log()).filter(({ level }) => level === 'warn').map(({ msg }) => msg)
    expect(warned).toContainEqual(expect.stringContaining(`topic "site.${stream}" has one replica`))
  })

  test('[V53] a topic that was enlarged leaves a stream on the partitions it had', async () => {
    const stream = await aTopic()
    await set(stream)
    const guests = await Promise.all(Array.from({ length: 8 }, () => aGuest(server, pool)))
    for (const guest of guests) await write(guest, 'k', '1')
    await kafka().addPartitions(PREFIX + stream, 24)
    await set(stream, 'DISABLED')
    await set(stream)
    for (const guest of guests) await write(guest, 'k', '2', 1)
    const messages = await arrived(stream, 16)
    for (const { identity } of guests) {
      const partitions = messages.filter(({ key }) => key === identity).map(({ partition }) => partition)
      expect(partitions).toHaveLength(2)
      expect(new Set(partitions).size).toBe(1)
    }
    expect(Math.max(...messages.map(({ partition }) => partition))).toBeLessThan(3)
  })

  test('[V54] a stream that is DISABLED carries nothing new', async () => {
    const stream = await aTopic()
    await set(stream)
    const guest = await aGuest(server, pool)
    await write(guest, 'k', '1')
    await set(stream, 'DISABLED')
    await write(guest, 'k', '2', 1)
    await set(stream)
    await write(guest, 'k', '3', 2)
    const messages = await arrived(stream, 2)
    expect(messages.map(({ value }) => value['syncCount'])).toEqual([1, 3])
    expect(messages[1]!.headers['previousSyncCount']).toBe('1')
  })

  test('[V61] an update above the limit of its topic arrives as a link to the same records, and holds nobody up', async () => {
    const stream = await aTopic({ 'max.message.bytes': '20000' })
    await set(stream)
    const guest = await aGuest(server, pool)
    const value = '値'.repeat(100_000)
    await write(guest, 'k', 'small')
    await write(guest, 'large', value)
    await write(guest, 'k', 'small again', 1)
    const messages = await arrived(stream, 3)
    expect(messages.map(({ value: { payloadType } }) => payloadType)).toEqual(['Inline', 'S3Url', 'Inline'])
    const url = new URL(messages[1]!.value['kinesisSyncRecordsURL'] as string)
    const found = await exchange(url.origin, { target: url.pathname })
    expect(found.status).toBe(200)
    expect(found.json()).toEqual([
      {
        key: 'large',
        value,
        syncCount: 2,
        lastModifiedDate: expect.any(Number),
        deviceLastModifiedDate: expect.any(Number),
        op: 'replace',
      },
    ])
  })

  test('[V58] a bulk publish whose server is killed in the middle is taken up by the next, and is whole', async () => {
    const stream = await aTopic()
    const names = Array.from({ length: DATASETS_EACH }, (_, n) => `d${n}`)
    const guests = await Promise.all(Array.from({ length: GUESTS }, () => aGuest(server, pool)))
    await Promise.all(
      guests.map(async ({ device }) => {
        for (const name of names) await device.write(name, replace('k', name))
      }),
    )
    await set(stream)
    const details = () => adminOf(server).sync.getBulkPublishDetails({ IdentityPoolId: pool })
    await adminOf(server).sync.bulkPublish({ IdentityPoolId: pool })
    await eventually(async () => expect(await snapshotsPut(server)).toBeGreaterThanOrEqual(40), WITHIN_MS)
    await server.kill()
    const before = await messagesOf(stream)
    expect(before.length).toBeLessThan(GUESTS * DATASETS_EACH)

    server = await server.restart()
    expect(await details()).toMatchObject({ BulkPublishStatus: 'IN_PROGRESS' })
    await eventually(async () => expect((await details()).BulkPublishStatus).toBe('SUCCEEDED'), 60_000)
    const messages = await messagesOf(stream)
    const ids = messages.map(({ headers }) => headers['id'])
    expect(new Set(ids)).toEqual(
      new Set(guests.flatMap(({ identity }) => names.map((name) => `${identity}/${name}/1/1/snapshot`))),
    )
    // Whatever was on its way at the kill may come twice, and no more than that.
    expect(messages.length).toBeLessThan(GUESTS * DATASETS_EACH + before.length + 200)
    expect(await snapshotsPut(server)).toBeLessThanOrEqual(GUESTS * DATASETS_EACH - 40)
  })
})

/** What this process has put into the outbox for bulk publishes. */
async function snapshotsPut(server: RunningServer): Promise<number> {
  const { text } = await exchange(server.url, { target: '/metrics' })
  return Number(/^satchel_bulk_publish_datasets_total (\d+)/m.exec(text)?.[1] ?? 0)
}
