import { RELAY_BOUNDS } from './relay-bounds.js'
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
  await pass(RELAY_BOUNDS.pollMsMax)
  expect(valuesIn(kafka)).toHaveLength(1)
})

test('[SN6] while changes come that nobody tells of they are looked for often, and ever more seldom once none do', async () => {
  const { outbox, kafka, clock, startRelay, pass } = relayHarness()
  startRelay()
  await pass(2_000)
  const waits: number[] = []
  for (let count = 1; count <= 100; count++) {
    outbox.add(anOutboxRow(1, count))
    const addedAt = clock.now()
    while (kafka.messages(STREAM).length < count) await pass(5, 5)
    waits.push(clock.now() - addedAt)
  }
  expect(waits[0]).toBeLessThanOrEqual(RELAY_BOUNDS.pollMsMax + 5)
  expect(Math.max(...waits.slice(1))).toBeLessThanOrEqual(2 * RELAY_BOUNDS.pollMsMin)

  const reads = outbox.reads
  await pass(60_000)
  expect(outbox.reads - reads).toBeLessThanOrEqual(60_000 / RELAY_BOUNDS.pollMsMax + 5)
})

test('[SN5] where another process told of a commit, what it does not tell of is found soon after', async () => {
  const { outbox, kafka, startRelay, pass } = relayHarness()
  const relay = startRelay()
  await pass(2_000)
  outbox.add(anOutboxRow(1, 1))
  relay.wakeFromElsewhere()
  await pass(0)
  expect(valuesIn(kafka)).toHaveLength(1)
  outbox.add(anOutboxRow(1, 2))
  await pass(RELAY_BOUNDS.restMsPerRow + RELAY_BOUNDS.pollMsMin, 5)
  expect(valuesIn(kafka)).toHaveLength(2)
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
