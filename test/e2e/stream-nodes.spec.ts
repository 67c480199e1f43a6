import type { CognitoStreams } from '@aws-sdk/client-cognito-sync'
import { adminOf, type Reached, type Somebody } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import type { KafkaCluster } from '../support/kafka/kafka-cluster.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { describeWithRedis } from '../support/redis/describe-with-redis.js'
import { Seeded } from '../support/seeded.js'
import { onPostgres } from '../support/stream/streaming-ground.js'
import { FAULTLESS, metricOf, StreamingSite } from '../support/stream/streaming-site.js'
import { StreamReader, type StreamedRecord } from '../support/stream/stream-reader.js'
import { replace, WireClient, WireDevice } from '../support/wire-client.js'

const NODES = 3
/** Three looks of a second each, on a machine that does other things too. */
const SHARED_MS_MAX = 15_000
/** A lease besides. */
const TAKEN_OVER_MS_MAX = 25_000
const DRAINED_MS_MAX = 60_000
/** A topic has to refuse for half a minute before its stream is turned off. */
const DISABLED_MS_MAX = 120_000
const BULK_MS_MAX = 120_000
/** Escaped in JSON it takes six bytes. */
const EXPENSIVE = '\u0001'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describeWithKafka('the stream of several nodes, with a real Kafka', {}, (kafka) => {
  describeWithPostgres('and a real PostgreSQL', (postgres) => {
    const chance = new Seeded(22)
    let site: StreamingSite
    /** Of a topic that is deleted while all of this goes on. */
    let gone: Readonly<{ pool: string; guests: readonly Somebody[] }>

    beforeAll(async () => {
      site = await StreamingSite.start(kafka(), {}, onPostgres(postgres, { nodes: NODES }))
      const pool = await site.aStreamingPool('gone')
      gone = { pool, guests: await guests(pool, 12) }
    }, 120_000)
    afterAll(() => site.end())

    const guests = (pool: string, count: number): Promise<readonly Somebody[]> =>
      Promise.all(Array.from({ length: count }, () => site.aGuest(pool)))

    /** One of the nodes, without the balancer. */
    const node = (place: number): Reached => ({ url: site.nodes[place]!.url, admin: site.reached.admin })

    const onEach = <T>(work: (reached: Reached) => Promise<T>): Promise<readonly T[]> =>
      Promise.all(site.nodes.map((_, place) => work(node(place))))

    const shares = async (places = [0, 1, 2]): Promise<readonly number[]> =>
      (await Promise.all(places.map((place) => metricOf(node(place), 'satchel_stream_shards_held')))).sort()

    /** Resolves once the nodes of these places share all of it; answers after how many seconds. */
    async function shared(
      want: readonly number[],
      places: readonly number[],
      withinMs = SHARED_MS_MAX,
    ): Promise<number> {
      const begunAt = performance.now()
      await eventually(async () => expect(await shares([...places])).toEqual(want), withinMs)
      return (performance.now() - begunAt) / 1_000
    }

    async function configured(pool: string, reached: Reached): Promise<CognitoStreams> {
      const target = `/identitypools/${encodeURIComponent(pool)}/configuration`
      return (await adminOf(reached).wire.send({ target })).json()['CognitoStreams'] as CognitoStreams
    }

    /** A guest's device at one of the nodes. */
    const through = (guest: Somebody, place: number): WireDevice =>
      new WireDevice(new WireClient(node(place).url, guest.credentials), guest)

    const rows = (stream: string) => site.count('SELECT count(*) FROM outbox WHERE aggregatetype = ?', stream)

    test('[SN2, SN3] nodes that come, stop, die and stand still share the stream within seconds, and every change arrives in order', async () => {
      const pool = await site.aStreamingPool('shared')
      for (const guest of await guests(pool, 8)) {
        site.write(guest, { dataset: 'prefs', chance: chance.fork(), restMs: 60, deletes: false })
      }
      await kafka().deleteTopic(site.topic('gone')) // see the test of it
      for (const guest of gone.guests) await guest.device.write('prefs', replace('k', 'v', 0))

      const seconds: Record<string, number> = {}
      await shared([2, 3, 3], [0, 1, 2])
      await site.nodes[0]!.kill()
      seconds['killed'] = await shared([4, 4], [1, 2], TAKEN_OVER_MS_MAX)
      await site.startedAgain(0)
      seconds['started'] = await shared([2, 3, 3], [0, 1, 2])

      site.nodes[1]!.process.signal('SIGTERM')
      await site.nodes[1]!.process.end()
      seconds['stopped'] = await shared([4, 4], [0, 2])
      await site.startedAgain(1)
      await shared([2, 3, 3], [0, 1, 2])

      site.nodes[2]!.process.signal('SIGSTOP')
      seconds['paused'] = await shared([4, 4], [0, 1], TAKEN_OVER_MS_MAX)
      site.nodes[2]!.process.signal('SIGCONT')
      seconds['resumed'] = await shared([2, 3, 3], [0, 1, 2])
      console.info(`seconds until three nodes shared again: ${JSON.stringify(seconds)}`)

      await site.writersDone()
      await site.drained(DRAINED_MS_MAX, 'shared')
      const reader = new StreamReader()
      await kafka().readEach(site.topic('shared'), (message) => reader.take(message))
      expect(reader.faults).toEqual([])
      for (const writer of site.writers) expect(reader.differences(writer, writer.history)).toEqual([])
      expect(await site.audit('shared')).toMatchObject({ ...FAULTLESS, waiting: 0, changes: site.acknowledged })
    }, 300_000)

    test('[SN9] what one relay parked is parked for all, every node says why, and enabled through any of them it follows from all', async () => {
      const { pool, guests: own } = gone
      const disabled = await eventually(async () => {
        const found = await onEach((reached) => configured(pool, reached))
        expect(found.map(({ StreamingStatus }) => StreamingStatus)).toEqual(Array(NODES).fill('DISABLED'))
        return found
      }, DISABLED_MS_MAX)
      for (const { DisabledReason } of disabled as readonly { DisabledReason?: string }[]) {
        expect(DisabledReason).toBe('topic "site.gone": the topic does not exist')
      }
      expect(await site.waiting('gone')).toBe(own.length)
      await kafka().createTopic(site.topic('gone'), { numPartitions: 4 })
      await site.enable(pool, 'gone')
      await site.drained(DRAINED_MS_MAX, 'gone')
      const keys = new Set((await kafka().read(site.topic('gone'))).map(({ key }) => key))
      expect(keys).toEqual(new Set(own.map(({ identity }) => identity)))
    }, 300_000)

    test('[SN8] what is set through one node holds for the next write at every other', async () => {
      const pool = await site.aStreamingPool('switched')
      const set = (reached: Reached, StreamingStatus: 'ENABLED' | 'DISABLED') =>
        adminOf(reached).sync.setIdentityPoolConfiguration({
          IdentityPoolId: pool,
          CognitoStreams: {
            StreamName: 'switched',
            RoleArn: 'arn:aws:iam::000000000000:role/streams',
            StreamingStatus,
          },
        })
      const guest = await site.aGuest(pool)
      let count = 0
      let streamed = 0
      for (let round = 0; round < 12; round++) {
        const on = round % 2 === 0
        await set(node(round % NODES), on ? 'ENABLED' : 'DISABLED')
        for (let place = 0; place < NODES; place++) {
          await through(guest, place).write('prefs', replace('k', `${count}`, count))
          count++
          if (on) streamed++
          expect(await rows('switched')).toBe(streamed)
        }
      }
    })

    test('[SN7] a bulk publish whose node dies is gone on with by another', async () => {
      const pool = await site.aStreamingPool('bulk')
      await adminOf(site.reached).sync.setIdentityPoolConfiguration({
        IdentityPoolId: pool,
        CognitoStreams: {
          StreamName: 'bulk',
          RoleArn: 'arn:aws:iam::000000000000:role/streams',
          StreamingStatus: 'DISABLED',
        },
      })
      const own = await guests(pool, 30)
      for (const guest of own) {
        for (let n = 0; n < 10; n++) await guest.device.write(`dataset-${n}`, replace('k', 'v'.repeat(20_000), 0))
      }
      await site.enable(pool, 'bulk')
      const { sync } = adminOf(node(0))
      await sync.bulkPublish({ IdentityPoolId: pool })
      const working = await eventually(async () => {
        const done = await Promise.all(
          [0, 1, 2].map((place) => metricOf(node(place), 'satchel_bulk_publish_datasets_total')),
        )
        const place = done.findIndex((datasets) => datasets > 0)
        expect(place).toBeGreaterThanOrEqual(0)
        return place
      }, BULK_MS_MAX)
      await site.nodes[working]!.kill()
      const other = adminOf(node((working + 1) % NODES)).sync
      const details = () => other.getBulkPublishDetails({ IdentityPoolId: pool })
      expect(await details()).toMatchObject({ BulkPublishStatus: 'IN_PROGRESS' })
      await eventually(async () => expect((await details()).BulkPublishStatus).toBe('SUCCEEDED'), BULK_MS_MAX)
      await site.startedAgain(working)
      const ids = new Set<string>()
      for (const { key, headers } of await kafka().read(site.topic('bulk')))
        ids.add(`${key} ${headers['type']} ${headers['id']}`)
      expect([...ids].filter((id) => id.includes(' snapshot '))).toHaveLength(own.length * 10)
      expect(await site.audit('bulk')).toMatchObject({ ...FAULTLESS, waiting: 0, datasets: own.length * 10 })
    }, 300_000)

    test('[SN7] the records behind a link are answered by every node, whichever of them accepted and published the change', async () => {
      const pool = await site.aStreamingPool('large')
      const values = Array.from({ length: NODES }, (_, n) => EXPENSIVE.repeat(1_000_000 - n))
      const own = await guests(pool, NODES)
      for (const [place, guest] of own.entries()) {
        await through(guest, place).write('large', replace('k', values[place]!, 0))
      }
      await site.drained(DRAINED_MS_MAX, 'large')
      const messages = await kafka().read(site.topic('large'))
      expect(messages).toHaveLength(NODES)
      for (const { key, value } of messages) {
        const { pathname } = new URL((JSON.parse(value!) as { kinesisSyncRecordsURL: string }).kinesisSyncRecordsURL)
        for (const answer of await onEach(({ url }) => exchange(url, { target: pathname }))) {
          const [record] = answer.json() as unknown as readonly StreamedRecord[]
          expect(record!.value === values[own.findIndex(({ identity }) => identity === key)]).toBe(true)
        }
      }
    })

    test('[SN6] how soon an answered change is in Kafka, whichever node took it: without Redis', async () => {
      const ms = await howSoon(site, kafka(), chance)
      console.info(`ms from an answer to Kafka, three nodes without Redis, p50, p75 and p95: ${JSON.stringify(ms)}`)
    }, 120_000)

    describeWithRedis('and a real Redis', (redis) => {
      test('[SN5] how soon an answered change is in Kafka, whichever node took it: with Redis', async () => {
        const open = onPostgres(postgres, { nodes: NODES, redisUrl: redis().url })
        const told = await StreamingSite.start(kafka(), {}, open)
        try {
          const hearing = () => told.metric('satchel_fanout_connected')
          await eventually(async () => expect(await hearing()).toBe(NODES), SHARED_MS_MAX)
          const ms = await howSoon(told, kafka(), chance)
          console.info(`ms from an answer to Kafka, three nodes with Redis, p50, p75 and p95: ${JSON.stringify(ms)}`)
          // Where changes come so seldom, what nobody tells of waits for a quarter of a second: two of three changes.
          expect(ms.seldom[1]).toBeLessThan(250)
        } finally {
          await told.end()
        }
      }, 180_000)
    })
  })
})

/** The time from an answer to the message, milliseconds, where changes come seldom and where they come one after another. */
async function howSoon(site: StreamingSite, kafka: KafkaCluster, chance: Seeded) {
  const stream = `seen-${chance.next()}`
  const pool = await site.aStreamingPool(stream)
  const guests = await Promise.all(Array.from({ length: 24 }, () => site.aGuest(pool)))
  const counts = guests.map(() => 0)
  const awaited = new Map<string, () => void>()
  const stop = kafka.follow(site.topic(stream), ({ headers }) => awaited.get(headers['id']!)?.())
  const change = async (): Promise<number> => {
    const at = chance.from(0, guests.length - 1)
    const guest = guests[at]!
    const count = counts[at]!++
    const id = `${guest.identity}/prefs/1/${count + 1}`
    const arrived = new Promise<number>((resolve) => awaited.set(id, () => resolve(performance.now())))
    const { url } = site.nodes[chance.from(0, site.nodes.length - 1)]!
    const device = new WireDevice(new WireClient(url, guest.credentials), guest)
    await device.write('prefs', replace('k', `${count}`, count))
    const answeredAt = performance.now()
    return (await arrived) - answeredAt
  }
  const [seldom, often]: [number[], number[]] = [[], []]
  try {
    await eventually(async () => expect(await site.metric('satchel_stream_shards_held')).toBe(8), SHARED_MS_MAX)
    await change()
    for (let n = 0; n < 15; n++) {
      await pause(chance.from(1_000, 1_400))
      seldom.push(await change())
    }
    for (let n = 0; n < 150; n++) often.push(await change())
  } finally {
    stop()
  }
  return { seldom: quantiles(seldom), often: quantiles(often) }
}

/** p50, p75 and p95. */
function quantiles(values: readonly number[]): readonly [number, number, number] {
  const sorted = [...values].sort((one, other) => one - other)
  const at = (part: number) => Math.round(sorted[Math.floor(part * sorted.length)]! * 10) / 10
  return [at(0.5), at(0.75), at(0.95)]
}
