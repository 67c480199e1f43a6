import type { IdentityId } from '@satchel/protocol'
import { path, replace } from '../../apps/server/src/domain/testing/a-dataset.js'
import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { SystemRandom } from '../../apps/server/src/runtime/random.js'
import { aTarget, inSqlite, type StreamHarness } from '../../apps/server/src/store/testing/stream-harness.js'
import { openKafka } from '../../apps/server/src/stream/kafka.js'
import { RELAY_BOUNDS } from '../../apps/server/src/stream/relay-bounds.js'
import { Relay } from '../../apps/server/src/stream/relay.js'
import { silentObserver } from '../../apps/server/src/stream/testing/silent-observer.js'
import { eventually } from '../support/eventually.js'
import { describeWithKafka } from '../support/kafka/describe-with-kafka.js'
import { StreamReader } from '../support/stream/stream-reader.js'
import { Suspension } from '../support/stream/suspension.js'
import { TcpProxy } from '../support/tcp-proxy.js'

const TOPIC = 'leased'
const SHARDS = 8
const IDENTITIES = 24
const TAKEOVERS = 6
/** A lease lasts ten seconds of the relays' time. */
const SPEED = 4
const WITHIN_MS = 60_000

const proxies: TcpProxy[] = []
beforeAll(async () => {
  for (let n = 0; n < 2; n++) proxies.push(await TcpProxy.start('http://127.0.0.1:1'))
})
afterAll(() => Promise.all(proxies.map((proxy) => proxy.close())))

/** One of the relays that share the store, with its own way to Kafka. */
type Rival = Readonly<{
  relay: Relay
  part: Suspension
  proxy: TcpProxy
  told: { published: number; defects: unknown[] }
}>

describeWithKafka(
  'relays that share a store, with a real Kafka',
  () => ({ proxies: proxies.map(({ port }) => port) }),
  (kafka) => {
    let harness: StreamHarness
    let rivals: readonly Rival[]
    const counts = new Map<IdentityId, number>()

    beforeAll(async () => {
      await kafka().createTopic(TOPIC, { numPartitions: 4 })
      harness = await inSqlite()
      await harness.setTarget(aTarget({ streamName: TOPIC, partitions: 4 }))
      for (let n = 0; n < IDENTITIES; n++) {
        const identity = `us-east-1:30000000-0000-4000-8000-0000000000${n + 10}` as IdentityId
        await harness.addIdentity(identity)
        counts.set(identity, 0)
      }
      rivals = proxies.map((proxy, at) => {
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
      const told: Rival['told'] = { published: 0, defects: [] }
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
      await kafka().readEach(TOPIC, (message) => reader.take(message))
      return reader
    }

    const holding = (rival: Rival) =>
      eventually(async () => {
        await writeAll()
        expect(rival.relay.shardsHeld).toBe(SHARDS)
      }, WITHIN_MS)

    const drained = () =>
      eventually(async () => expect((await harness.stores.outbox.backlog()).rows).toBe(0), WITHIN_MS)

    /** Its bytes stop on their way, then it stops itself, until the other one has published what these bytes say. */
    async function takeOver(late: Rival, other: Rival): Promise<void> {
      await writeAll()
      await drained() // so that it is connected
      late.proxy.hold()
      await eventually(async () => {
        await writeAll()
        expect(late.proxy.held).toBeGreaterThan(1_000)
      }, WITHIN_MS)
      late.part.suspend()
      const before = other.told.published
      await holding(other)
      await eventually(() => Promise.resolve(expect(other.told.published - before).toBeGreaterThan(200)), WITHIN_MS)
      await drained()
    }

    test(`[V91] what a relay sent before it lost its leases arrives after its successor's messages as a repeat, and it marks nothing`, async () => {
      await eventually(
        () => Promise.resolve(expect(rivals.some(({ relay }) => relay.shardsHeld === SHARDS)).toBe(true)),
        WITHIN_MS,
      )
      let fenced = 0
      for (let round = 0; round < TAKEOVERS; round++) {
        const late = rivals.find(({ relay }) => relay.shardsHeld === SHARDS)!
        const other = rivals.find((rival) => rival !== late)!
        await takeOver(late, other)
        const { length: marksBefore } = late.part.marks
        if (round % 2 === 0) {
          // Kafka answers before it goes on: it believes in its lease and marks what was acknowledged.
          late.proxy.release()
          await eventually(() => Promise.resolve(expect(late.part.marksHeld).toBeGreaterThan(0)), WITHIN_MS)
          late.part.resume()
        } else {
          // It goes on, finds its leases over and hangs up; only then do its bytes arrive.
          late.part.resume()
          await eventually(() => Promise.resolve(expect(late.relay.shardsHeld).toBe(0)), WITHIN_MS)
          late.proxy.release()
        }
        await holding(other)
        await drained()
        const marks = late.part.marks.slice(marksBefore)
        expect(marks.filter(({ marked }) => marked)).toEqual([])
        fenced += marks.length
      }
      expect(fenced).toBeGreaterThanOrEqual(TAKEOVERS / 2)

      const reader = await read()
      expect(reader.faults).toEqual([])
      for (const [identity, count] of counts) {
        const values = [...reader.changesOf(identity, 'settings').values()].map(({ records }) => records?.[0]?.value)
        expect(values).toEqual(Array.from({ length: count }, (_, at) => `${at + 1}`))
      }
      console.info(`${TAKEOVERS} takeovers: ${JSON.stringify({ ...reader.seen, fenced })}`)
      expect(reader.seen.lateRepeats).toBeGreaterThan(0)
      expect(rivals.flatMap(({ told }) => told.defects)).toEqual([])
    })

    test(`[V91] a send that is given up, and arrives behind the next one of the same relay, is a repeat`, async () => {
      const rival = rivals.find(({ relay }) => relay.shardsHeld === SHARDS)!
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
  },
)
