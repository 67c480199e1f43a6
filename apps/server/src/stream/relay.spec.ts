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

test('[V28] what a commit tells of is published without waiting for anything', async () => {
  const { outbox, kafka, clock, startRelay, settle } = relayHarness()
  const relay = startRelay()
  await settle()
  const toldAt = clock.now()
  const row = outbox.add(anOutboxRow(1, 1))
  relay.wake()
  await settle()
  expect(valuesIn(kafka)).toEqual([row.id])
  expect(clock.now()).toBe(toldAt)
})

test('[V28] changes that come one by one are each published without waiting', async () => {
  const { outbox, kafka, clock, startRelay, settle } = relayHarness()
  const relay = startRelay()
  await settle()
  for (let count = 1; count <= 10; count++) {
    clock.advance(RELAY_BOUNDS.restMsPerRow)
    await settle()
    outbox.add(anOutboxRow(count, 1))
    relay.wake()
    await settle()
    expect(kafka.calls).toHaveLength(count)
  }
})

test('[V28] under load a relay reads and sends about fifty times a second, for all shards together, however often it is woken', async () => {
  const { outbox, kafka, startRelay, pass, settle } = relayHarness()
  const relay = startRelay()
  await settle()
  const reads = outbox.reads
  for (let ms = 0; ms < 1_000; ms++) {
    for (let row = 0; row < 5; row++) outbox.add(anOutboxRow((ms * 5 + row) % 40, Math.floor((ms * 5 + row) / 40) + 1))
    relay.wake()
    await pass(1, 1)
  }
  await pass(RELAY_BOUNDS.restMsMax)
  expect(kafka.messages(STREAM)).toHaveLength(5_000)
  expect(kafka.calls.length).toBeLessThanOrEqual(52)
  expect(outbox.reads - reads).toBeLessThanOrEqual(52)
})

test('[V28] what fills a batch is followed by the next one at once', async () => {
  const { outbox, kafka, clock, startRelay, settle } = relayHarness()
  for (let count = 1; count <= 2_500; count++) outbox.add(anOutboxRow(1, count))
  startRelay()
  const begunAt = clock.now()
  for (let turn = 0; turn < 5; turn++) await settle()
  expect(clock.now()).toBe(begunAt)
  expect(kafka.messages(STREAM)).toHaveLength(2_500)
})

test('[V28] what nobody told of is found soon', async () => {
  const { outbox, kafka, startRelay, pass } = relayHarness()
  startRelay()
  await pass(10)
  outbox.add(anOutboxRow(1, 1))
  await pass(RELAY_BOUNDS.pollMs)
  expect(valuesIn(kafka)).toHaveLength(1)
})

test('[V21] under a light load marks are few, and all are made', async () => {
  const { outbox, kafka, startRelay, pass } = relayHarness()
  const relay = startRelay()
  for (let count = 1; count <= 30; count++) {
    outbox.add(anOutboxRow(1, count))
    relay.wake()
    await pass(10, 10)
  }
  expect(valuesIn(kafka)).toHaveLength(30)
  expect(outbox.marks).toBeLessThanOrEqual(4)
  await pass(RELAY_BOUNDS.markDelayMs)
  expect(outbox.waiting.size).toBe(0)
})

test('[V21] a large backlog goes in few sends, each within its bounds, and few marks', async () => {
  const { outbox, kafka, startRelay, pass } = relayHarness()
  for (let count = 1; count <= 5_000; count++) outbox.add(anOutboxRow(1, count))
  for (let count = 1; count <= 100; count++) outbox.add(anOutboxRow(2, count, { payload: 'x'.repeat(30_000) }))
  startRelay()
  await pass(500)
  expect(outbox.waiting.size).toBe(0)
  expect(kafka.calls.every(({ messages }) => messages.length <= 500)).toBe(true)
  const weights = kafka.calls.map(({ messages }) => messages.reduce((sum, { value }) => sum + value.length, 0))
  expect(Math.max(...weights)).toBeLessThanOrEqual(512 * 1_024)
  expect(kafka.calls.length).toBeLessThanOrEqual(10 + 8)
  expect(outbox.marks).toBeLessThanOrEqual(30)
})

test('[V21] a store that cannot mark stops the sending before much would come twice', async () => {
  const { outbox, kafka, failures, startRelay, pass } = relayHarness()
  for (let count = 1; count <= 5_000; count++) outbox.add(anOutboxRow(1, count))
  const mark = outbox.markPublished.bind(outbox)
  outbox.markPublished = () => Promise.reject(new Error('the disk is full'))
  startRelay()
  await pass(20_000)
  expect(kafka.messages(STREAM)).toHaveLength(RELAY_BOUNDS.unmarkedRowsMax)
  expect(failures).toContain('mark')
  outbox.markPublished = mark
  await pass(20_000)
  expect(outbox.waiting.size).toBe(0)
  expect(kafka.messages(STREAM)).toHaveLength(5_000)
})

test('[V22] after a send of which nothing is known the same rows go out by a fresh publisher', async () => {
  const { outbox, kafka, startRelay, pass } = relayHarness()
  const faults = ['lost', 'written'] as const
  let call = 0
  kafka.nextFault = () => faults[call++] ?? 'none'
  const ids = [1, 2, 3].map((count) => outbox.add(anOutboxRow(1, count)).id)
  startRelay()
  await pass(1_000)
  expect(kafka.opened).toBe(3)
  expect(valuesIn(kafka)).toEqual([...ids, ...ids])
  expect(outbox.waiting.size).toBe(0)
})

test('[V22] a send that is never answered counts as failed after its time', async () => {
  const { outbox, kafka, startRelay, pass } = relayHarness()
  const row = outbox.add(anOutboxRow(1, 1))
  kafka.pause()
  startRelay()
  await pass(RELAY_BOUNDS.sendMsMax + 1_000)
  expect(kafka.opened).toBeGreaterThan(1)
  kafka.resume()
  await pass(10_000)
  expect(new Set(valuesIn(kafka))).toEqual(new Set([row.id]))
  expect(outbox.waiting.size).toBe(0)
})

test('[V29] a broker that refuses at once is tried seldom, and soon after it is back everything is published', async () => {
  const { outbox, kafka, startRelay, pass } = relayHarness()
  outbox.add(anOutboxRow(1, 1))
  kafka.away = true
  startRelay()
  await pass(60_000)
  expect(kafka.opened).toBeGreaterThan(10)
  expect(kafka.opened).toBeLessThan(60)
  kafka.away = false
  await pass(5_100)
  expect(outbox.waiting.size).toBe(0)
})

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

test('[V25] a batch that its topic calls too large is halved until it fits, and stays so', async () => {
  const { outbox, kafka, startRelay, pass } = relayHarness()
  kafka.alter(STREAM, { batchBytesMax: 20_000 })
  const ids = Array.from(
    { length: 200 },
    (_, at) => outbox.add(anOutboxRow(1, at + 1, { payload: 'x'.repeat(900) })).id,
  )
  startRelay()
  await pass(200)
  expect(valuesIn(kafka)).toEqual(ids)
  expect(outbox.waiting.size).toBe(0)
  const refused = kafka.calls.filter(({ messages }) => messages.length * 1_000 > 20_000)
  expect(refused.length).toBeLessThanOrEqual(5)
})

test('[V25] a single change above the limit of its topic is published as a link, between its neighbours', async () => {
  const linked: string[] = []
  const { outbox, kafka, startRelay, pass } = relayHarness({ observer: { linked: ({ id }) => linked.push(id) } })
  kafka.alter(STREAM, { batchBytesMax: 5_000 })
  const rows = [1, 2, 3].map((count) =>
    outbox.add(anOutboxRow(1, count, { payload: count === 2 ? 'x'.repeat(6_000) : 'small' })),
  )
  startRelay()
  await pass(200)
  expect(kafka.messages(STREAM).map(({ value }) => value)).toEqual(['small', `link:${rows[1]!.id}`, 'small'])
  expect(linked).toEqual([rows[1]!.id])
})

test('[V25] when records cannot be kept for a link, the change waits and is tried again', async () => {
  let fails = 3
  const { outbox, kafka, failures, startRelay, pass } = relayHarness({
    link: (row) => (fails-- > 0 ? Promise.reject(new Error('no')) : Promise.resolve(`link:${row.id}`)),
  })
  kafka.alter(STREAM, { batchBytesMax: 5_000 })
  outbox.add(anOutboxRow(1, 1, { payload: 'x'.repeat(6_000) }))
  startRelay()
  await pass(5_000)
  expect(failures.filter((work) => work === 'link')).toHaveLength(3)
  expect(kafka.messages(STREAM)).toHaveLength(1)
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

test('[V22] a publisher that throws is a defect that is told, and the rows are sent again', async () => {
  const defects: unknown[] = []
  let throws = 2
  const { outbox, kafka, startRelay, pass } = relayHarness({ observer: { defect: (cause) => defects.push(cause) } })
  outbox.add(anOutboxRow(1, 1))
  startRelay({
    openPublisher: () => {
      if (throws-- > 0) throw new Error('no publisher')
      return kafka.open()
    },
  })
  await pass(1_000)
  expect(defects).toHaveLength(2)
  expect(outbox.waiting.size).toBe(0)
})
