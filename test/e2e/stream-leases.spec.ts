import type { IdentityId } from '@satchel/protocol'
import { path, replace } from '../../apps/server/src/domain/testing/a-dataset.js'
import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { SystemRandom } from '../../apps/server/src/runtime/random.js'
import { inPostgres } from '../../apps/server/src/store/testing/postgres-stores.js'
import {
  aTarget,
  inSqlite,
  type OpenStreamStores,
  type StreamHarness,
} from '../../apps/server/src/store/testing/stream-harness.js'
import { openKafka } from '../../apps/server/src/stream/kafka.js'
import { RELAY_BOUNDS } from '../../apps/server/src/stream/relay-bounds.js'
import { Relay } from '../../apps/server/src/stream/relay.js'
import { silentObserver } from '../../apps/server/src/stream/testing/silent-observer.js'
import { eventually } from '../support/eventually.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import type { KafkaCluster } from '../support/kafka/kafka-cluster.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { StreamReader } from '../support/stream/stream-reader.js'
import { Suspension } from '../support/stream/suspension.js'
import { TcpProxy } from '../support/tcp-proxy.js'

const SHARDS = 8
const IDENTITIES = 24
const RIVALS_MAX = 3
/** A lease lasts ten seconds of the relays' time. */
const SPEED = 4
const WITHIN_MS = 60_000

const proxies: TcpProxy[] = []
beforeAll(async () => {
  for (let n = 0; n < RIVALS_MAX; n++) proxies.push(await TcpProxy.start('http://127.0.0.1:1'))
})
afterAll(() => Promise.all(proxies.map((proxy) => proxy.close())))

/** One of the relays that share the store, with its own way to Kafka. */
type Rival = Readonly<{
  relay: Relay
  part: Suspension
  proxy: TcpProxy
  told: {
    published: number
    /** Leases that ended otherwise than by sharing. */
    lost: number
    /** Of each shard, that of the newest lease it had. */
    epochs: Map<number, number>
    defects: unknown[]
  }
}>

describeWithKafka(
  'relays that share a store, with a real Kafka',
  () => ({ proxies: proxies.map(({ port }) => port) }),
  (kafka) => {
    describe('two on SQLite', () => takeovers({ kafka, open: () => inSqlite, count: 2, rounds: 6 }))
    describeWithPostgres('three on PostgreSQL', (postgres) =>
      takeovers({ kafka, open: () => inPostgres(postgres), count: 3, rounds: 4 }),
    )
  },
)

type Trial = Readonly<{ kafka: () => KafkaCluster; open: () => OpenStreamStores; count: number; rounds: number }>

function takeovers({ kafka, open, count: rivalCount, rounds }: Trial): void {
  const topic = `leased-by-${rivalCount}`
  let harness: StreamHarness
  let rivals: readonly Rival[]
  const counts = new Map<IdentityId, number>()

  beforeAll(async () => {
    await kafka().createTopic(topic, { numPartitions: 4 })
    harness = await open()()
    await harness.setTarget(aTarget({ streamName: topic, partitions: 4 }))
    for (let n = 0; n < IDENTITIES; n++) {
      const identity = `us-east-1:30000000-0000-4000-8000-0000000000${n + 10}` as IdentityId
      await harness.addIdentity(identity)
      counts.set(identity, 0)
    }
    rivals = proxies.slice(0, rivalCount).map((proxy, at) => {
      proxy.lead(`http://${kafka().broker.addressesBehind[at]}`)
      return aRival(proxy)
    })
  })
  afterAll(async () => {
    for (const { part, proxy } of rivals) {
      proxy.release()
      part.resume()
    }
    await Promise.all(rivals.map(({ relay }) => relay.stop()))
    await harness.close()
  })

  function aRival(proxy: TcpProxy): Rival {
    const part = new Suspension(new SystemClock(), SPEED)
    const { outbox, leases } = harness.stores
    const told: Rival['told'] = { published: 0, lost: 0, epochs: new Map(), defects: [] }
    const brokers = [`127.0.0.1:${proxy.port}`]
    const config = { brokers, tls: null, sasl: null, clientId: 'rival', topicPrefix: '' }
    const relay = new Relay({
      ...openKafka(config, { clock: part, log: () => undefined }),
      outbox: part.outbox(outbox),
      leases: part.leases(leases),
      topicPrefix: '',
      link: ({ payload }) => Promise.resolve(payload),
      disable: (stream, reason) => Promise.reject(new Error(`${stream} was to be turned off: ${reason}`)),
      disableAll: (reason) => Promise.reject(new Error(reason)),
      backlogRowsMax: 1_000_000,
      clock: part,
      random: new SystemRandom(),
      // What is acknowledged is marked at once, so that a relay that is late tries to mark.
      bounds: { ...RELAY_BOUNDS, markRowsMin: 1 },
      observer: silentObserver({
        leased: (shard, epoch) => void told.epochs.set(shard, epoch),
        leaseEnded: (_, __, why) => void (told.lost += Number(why !== 'shared')),
        published: (rows) => void (told.published += rows.length),
        defect: (cause) => void told.defects.push(cause),
      }),
    })
    relay.start()
    return { relay, part, proxy, told }
  }

  /** One change of every dataset, in one commit. */
  async function writeAll(): Promise<void> {
    const writes = [...counts].map(([identity, count]) => {
      counts.set(identity, count + 1)
      return harness.update([replace('k', `${count + 1}`, count)], path('settings', identity))
    })
    const outcomes = await harness.commit(writes)
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true)
    for (const { relay } of rivals) relay.wake()
  }

  async function read(): Promise<StreamReader> {
    const reader = new StreamReader()
    await kafka().readEach(topic, (message) => reader.take(message))
    return reader
  }

  /** These have all of it, each its share. */
  const sharing = (some: readonly Rival[]) =>
    eventually(async () => {
      await writeAll()
      const held = some.map(({ relay }) => relay.shardsHeld)
      expect(held.reduce((sum, shards) => sum + shards)).toBe(SHARDS)
      expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1)
    }, WITHIN_MS)

  const publishedBy = (some: readonly Rival[]) => some.reduce((sum, { told }) => sum + told.published, 0)

  const drained = () => eventually(async () => expect((await harness.stores.outbox.backlog()).rows).toBe(0), WITHIN_MS)

  /** Its bytes stop on their way, then it stops itself, until the others have published what these bytes say. */
  async function takeOver(late: Rival, others: readonly Rival[]): Promise<void> {
    await writeAll()
    await drained() // so that it is connected
    late.proxy.hold()
    await eventually(async () => {
      await writeAll()
      expect(late.proxy.held).toBeGreaterThan(1_000)
    }, WITHIN_MS)
    late.part.suspend()
    const before = publishedBy(others)
    await sharing(others)
    await eventually(() => Promise.resolve(expect(publishedBy(others) - before).toBeGreaterThan(200)), WITHIN_MS)
    await drained()
  }

  test(`[V91] what a relay sent before it lost its leases arrives after its successor's messages as a repeat, and it marks nothing`, async () => {
    let fenced = 0
    for (let round = 0; round < rounds; round++) {
      await sharing(rivals)
      const late = rivals[round % rivalCount]!
      const others = rivals.filter((rival) => rival !== late)
      await takeOver(late, others)
      const { length: marksBefore } = late.part.marks
      const { lost, epochs } = late.told
      const epochsBefore = new Map(epochs)
      if (round % 2 === 0) {
        // Kafka answers before it goes on: it believes in its lease and marks what was acknowledged.
        late.proxy.release()
        await eventually(() => Promise.resolve(expect(late.part.marksHeld).toBeGreaterThan(0)), WITHIN_MS)
        late.part.resume()
      } else {
        // It goes on, finds its leases over and hangs up; only then do its bytes arrive.
        late.part.resume()
        await eventually(() => Promise.resolve(expect(late.told.lost).toBeGreaterThan(lost)), WITHIN_MS)
        late.proxy.release()
      }
      await sharing(rivals)
      await drained()
      const marks = late.part.marks.slice(marksBefore).filter(({ shard, epoch }) => epochsBefore.get(shard) === epoch)
      expect(marks.filter(({ marked }) => marked)).toEqual([])
      fenced += marks.length
    }
    expect(fenced).toBeGreaterThanOrEqual(rounds / 2)

    const reader = await read()
    expect(reader.faults).toEqual([])
    for (const [identity, count] of counts) {
      const values = [...reader.changesOf(identity, 'settings').values()].map(({ records }) => records?.[0]?.value)
      expect(values).toEqual(Array.from({ length: count }, (_, at) => `${at + 1}`))
    }
    console.info(`${rounds} takeovers among ${rivalCount}: ${JSON.stringify({ ...reader.seen, fenced })}`)
    expect(reader.seen.lateRepeats).toBeGreaterThan(0)
    expect(rivals.flatMap(({ told }) => told.defects)).toEqual([])
  })

  test(`[V91] a send that is given up, and arrives behind the next one of the same relay, is a repeat`, async () => {
    const [rival] = rivals as [Rival, ...Rival[]]
    await sharing(rivals)
    const before = await read()
    for (let round = 0; round < 3; round++) {
      rival.proxy.hold()
      await eventually(async () => {
        await writeAll()
        expect(rival.proxy.held).toBeGreaterThan(1_000)
      }, WITHIN_MS)
      await drained()
      rival.proxy.release()
    }
    await writeAll()
    await drained()
    const reader = await read()
    expect(reader.faults).toEqual([])
    expect(reader.seen.repeated).toBeGreaterThan(before.seen.repeated)
    expect(reader.lastCounts()).toEqual(
      new Map([...counts].map(([identity, count]) => [`${identity}/settings`, count])),
    )
  })
}
