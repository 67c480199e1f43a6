import { SeededRandom } from '../runtime/testing/seeded-random.js'
import type { Backlog } from '../store/outbox-store.js'
import { LOOK_MS } from './backlog-guard.js'
import { RELAY_BOUNDS } from './relay-bounds.js'
import { LEASE_MS, leaseName } from './shard-leases.js'
import type { LeaseEnd } from './stream-observer.js'
import { anOutboxRow, STREAM } from './testing/an-outbox-row.js'
import { relayHarness } from './testing/relay-harness.js'

const valuesIn = (kafka: ReturnType<typeof relayHarness>['kafka'], topic = STREAM) =>
  kafka.messages(topic).map(({ headers }) => headers['id'])

test('[V23] a relay whose lease was taken over marks nothing and sends nothing more', async () => {
  const ends: { shard: number; why: LeaseEnd }[] = []
  const { outbox, kafka, leases, clock, startRelay, pass, settle } = relayHarness({
    observer: { leaseEnded: (shard, _, why) => ends.push({ shard, why }) },
  })
  const relay = startRelay()
  await pass(10)
  // As if its clock had stood still: the store sees the lease end long before it does.
  const later = clock.now() + LEASE_MS + 1
  await leases.take({ names: [leaseName(1)], holder: 'other', now: later, until: later + LEASE_MS })
  outbox.add(anOutboxRow(1, 1))
  relay.wake()
  await pass(RELAY_BOUNDS.markDelayMs + 10)
  expect(ends).toEqual([{ shard: 1, why: 'taken-over' }])
  expect(outbox.waiting.size).toBe(1)
  expect(relay.shardsHeld).toBe(7)

  const calls = kafka.calls.length
  outbox.add(anOutboxRow(1, 2))
  relay.wake()
  await settle()
  expect(kafka.calls).toHaveLength(calls)
})

test('[V23] where leases cannot be renewed, sending ends before they do', async () => {
  const { outbox, kafka, leases, clock, startRelay, pass } = relayHarness()
  const relay = startRelay()
  await pass(10)
  const takenAt = clock.now()
  leases.take = () => Promise.reject(new Error('the store is away'))
  let count = 0
  for (let step = 0; step < 150; step++) {
    outbox.add(anOutboxRow(1, ++count))
    relay.wake()
    await pass(100)
  }
  expect(relay.shardsHeld).toBe(0)
  const lastSentAt = Math.max(...kafka.calls.map(({ at }) => at))
  expect(lastSentAt).toBeLessThanOrEqual(takenAt + LEASE_MS - RELAY_BOUNDS.sendMsMax)
})

test('[V23] another relay goes on where one died, once its leases ended', async () => {
  const { outbox, kafka, startRelay, pass } = relayHarness()
  const frozen = relayHarness().clock // a process that stands still: its clock never moves
  startRelay({ clock: frozen })
  await pass(100)
  expect(outbox.lease(leaseName(0))).toMatchObject({ epoch: 1 })
  const second = startRelay({ random: new SeededRandom(8) })
  const row = outbox.add(anOutboxRow(0, 1))
  await pass(5_000)
  expect(second.shardsHeld).toBe(0)
  await pass(LEASE_MS)
  expect(second.shardsHeld).toBe(8)
  expect(kafka.messages(STREAM)).toMatchObject([{ headers: { id: row.id, leaseEpoch: '2' } }])
})

test('[SN4] a shard that becomes another relay’s is handed over between two sends, and nothing is published twice', async () => {
  const ends: LeaseEnd[] = []
  const { outbox, kafka, startRelay, pass } = relayHarness({
    bounds: { batchRowsMax: 5, markRowsMin: 1_000, markDelayMs: 3_000 },
    observer: { leaseEnded: (_, __, why) => ends.push(why) },
  })
  kafka.delayMs = () => 400
  const first = startRelay()
  let count = 0
  const write = async (ms: number, relays: readonly ReturnType<typeof startRelay>[]) => {
    for (let passed = 0; passed < ms; passed += 50) {
      count++
      for (let identity = 0; identity < 8; identity++) outbox.add(anOutboxRow(identity, count))
      for (const relay of relays) relay.wake()
      await pass(50)
    }
  }
  await write(3_000, [first])
  const second = startRelay({ random: new SeededRandom(8) })
  await write(6_000, [first, second])
  expect([first.shardsHeld, second.shardsHeld]).toEqual([4, 4])
  await pass(120_000)
  expect(outbox.waiting.size).toBe(0)
  expect(ends).toEqual(['shared', 'shared', 'shared', 'shared'])
  expect(valuesIn(kafka)).toHaveLength(8 * count)
  expect(new Set(valuesIn(kafka)).size).toBe(8 * count)
  const epochs = kafka.messages(STREAM).map(({ headers }) => headers['leaseEpoch'])
  expect(new Set(epochs)).toEqual(new Set(['1', '2']))
})

test('[V26] a stream whose topic is missing is turned off and set aside after a while; others go on all along', async () => {
  const { outbox, kafka, disabled, startRelay, pass } = relayHarness()
  outbox.add(anOutboxRow(1, 1, { streamName: 'gone' }))
  const relay = startRelay()
  await pass(100)
  for (let count = 1; count <= 25; count++) {
    outbox.add(anOutboxRow(9, count))
    relay.wake()
    await pass(1_000)
    expect(kafka.messages(STREAM)).toHaveLength(count)
  }
  expect(disabled).toEqual([])
  await pass(15_000)
  expect(disabled).toEqual([{ streamName: 'gone', reason: 'the topic does not exist' }])
  expect(await outbox.parked()).toMatchObject([{ streamName: 'gone', reason: 'the topic does not exist' }])

  kafka.create('gone')
  await outbox.unpark('gone')
  relay.wake()
  await pass(10)
  expect(kafka.messages('gone')).toHaveLength(1)
})

test('[V26] however many rows of a stream wait for its topic, others go on', async () => {
  const { outbox, kafka, startRelay, pass } = relayHarness()
  for (let count = 1; count <= 3_000; count++) outbox.add(anOutboxRow(1, count, { streamName: 'gone' }))
  outbox.add(anOutboxRow(1, 1))
  startRelay()
  await pass(500)
  expect(kafka.messages(STREAM)).toHaveLength(1)
})

test('[V26] a topic that is back in time costs nothing but the wait', async () => {
  const { outbox, kafka, disabled, startRelay, pass } = relayHarness()
  outbox.add(anOutboxRow(1, 1, { streamName: 'late' }))
  startRelay()
  await pass(25_000)
  kafka.create('late')
  await pass(20_000)
  expect(kafka.messages('late')).toHaveLength(1)
  expect(disabled).toEqual([])
})

test('[V27] at the cap of the backlog all streams are turned off, and what waits is still published', async () => {
  const reasons: string[] = []
  const told: Backlog[] = []
  const { outbox, kafka, startRelay, pass } = relayHarness({
    backlogRowsMax: 10,
    disableAll: (reason) => Promise.resolve(void reasons.push(reason)),
    observer: { full: (backlog) => told.push(backlog) },
  })
  kafka.away = true
  for (let count = 1; count <= 10; count++) outbox.add(anOutboxRow(1, count))
  startRelay()
  await pass(LOOK_MS)
  expect(reasons[0]).toBe('10 changes wait to be published, which is all that may')
  expect(told[0]).toMatchObject({ rows: 10 })
  kafka.away = false
  await pass(10_000)
  expect(outbox.waiting.size).toBe(0)
  const before = reasons.length
  await pass(LOOK_MS * 3)
  expect(reasons).toHaveLength(before)
})

test('[V31] a relay that stops lets its sends end, marks them, and another goes on at once', async () => {
  const { outbox, kafka, startRelay, pass, settle } = relayHarness()
  kafka.delayMs = () => 2_000
  const first = startRelay()
  await settle()
  outbox.add(anOutboxRow(1, 1))
  first.wake()
  await pass(100)
  let stopped = false
  const stopping = first.stop().then(() => (stopped = true))
  outbox.add(anOutboxRow(1, 2))
  await pass(1_000)
  expect(stopped).toBe(false)
  await pass(1_000)
  await stopping
  expect(valuesIn(kafka)).toHaveLength(1)
  expect([...outbox.waiting]).toEqual([2])
  expect(outbox.lease(leaseName(1))).toMatchObject({ until: 0 })

  kafka.delayMs = () => 0
  startRelay({ random: new SeededRandom(8) })
  await settle()
  expect(valuesIn(kafka)).toHaveLength(2)
})

test('[V31] stopping takes no longer than the drain has, whatever hangs', async () => {
  const { outbox, kafka, leases, startRelay, pass } = relayHarness()
  const relay = startRelay()
  await pass(10)
  kafka.pause()
  outbox.add(anOutboxRow(1, 1))
  relay.wake()
  await pass(10)
  outbox.markPublished = () => new Promise(() => undefined)
  leases.release = () => new Promise(() => undefined)
  let stopped = false
  void relay.stop().then(() => (stopped = true))
  await pass(7_000)
  expect(stopped).toBe(true)
})

test('[V31] a relay that never had a lease, or lost its store, stops as well', async () => {
  const { leases, startRelay, pass, settle } = relayHarness()
  leases.take = () => Promise.reject(new Error('away'))
  const relay = startRelay()
  await pass(3_000)
  const stopped = relay.stop()
  await settle()
  await stopped
  expect(relay.shardsHeld).toBe(0)
})
