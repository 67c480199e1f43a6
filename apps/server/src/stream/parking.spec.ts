import { HeldClock } from '../runtime/testing/held-clock.js'
import { PARK_AFTER_MS, PARK_UNEXPLAINED_AFTER_MS, Parking, type Refused } from './parking.js'
import type { StoreWork } from './stream-observer.js'
import { HandOutbox } from './testing/hand-outbox.js'
import { MemoryKafka } from './testing/memory-kafka.js'

function setUp() {
  const clock = new HeldClock()
  const kafka = new MemoryKafka(clock)
  const outbox = HandOutbox.create()
  const disabled: string[] = []
  const told: string[] = []
  const failures: StoreWork[] = []
  const disable = { fails: false }
  const parking = new Parking({
    outbox,
    topics: kafka,
    topicPrefix: 'pre.',
    disable: (_, reason) => {
      if (disable.fails) return Promise.reject(new Error('no'))
      disabled.push(reason)
      return Promise.resolve()
    },
    clock,
    observer: { parked: (_, reason) => told.push(reason), failed: (work) => failures.push(work) },
  })
  const refused = (over: Partial<Refused> = {}) =>
    parking.refused({ streamName: 'a', reason: 'refused', partition: 3, bytes: null, ...over })
  return { clock, kafka, outbox, parking, refused, disabled, told, failures, disable }
}

test.each([
  ['is missing', () => undefined, {}, 'the topic does not exist'],
  [
    'has too few partitions',
    (kafka: MemoryKafka) => kafka.create('pre.a', { partitions: 3 }),
    {},
    'the topic has 3 partitions, and changes wait for partition 3',
  ],
  [
    'takes only smaller batches than a single message',
    (kafka: MemoryKafka) => kafka.create('pre.a', { batchBytesMax: 100 }),
    { bytes: 1_500 },
    'the topic takes batches of 100 bytes, and one change has 1500',
  ],
  [
    'may not be looked at',
    (kafka: MemoryKafka) => (kafka.inspect = () => Promise.resolve({ kind: 'forbidden', reason: 'no rights' })),
    {},
    'the server may not use the topic: no rights',
  ],
] as const)(
  '[V26] a topic that %s is given up after it refused for so long, not before',
  async (_, make, more, reason) => {
    const { clock, kafka, outbox, refused, disabled, told } = setUp()
    make(kafka)
    expect(await refused(more)).toBe(false)
    clock.advance(PARK_AFTER_MS - 1)
    expect(await refused(more)).toBe(false)
    expect(disabled).toEqual([])
    clock.advance(1)
    expect(await refused(more)).toBe(true)
    expect([disabled, told]).toEqual([[reason], [reason]])
    expect(await outbox.parked()).toEqual([{ streamName: 'a', reason, at: clock.now() }])
  },
)

test('[V26] a topic that looks well and refuses all the same is given up much later, with its own reason', async () => {
  const { clock, kafka, refused, disabled } = setUp()
  kafka.create('pre.a')
  const everyMs = 20_000
  for (let lastedMs = 0; lastedMs < PARK_UNEXPLAINED_AFTER_MS; lastedMs += everyMs) {
    expect(await refused({ reason: 'not authorized' })).toBe(false)
    clock.advance(everyMs)
  }
  clock.advance(-1)
  expect(await refused({ reason: 'not authorized' })).toBe(false)
  clock.advance(1)
  expect(await refused({ reason: 'not authorized' })).toBe(true)
  expect(disabled).toEqual(['the topic refused every message: not authorized'])
})

test('[V26] while no broker can be asked, nothing is given up', async () => {
  const { clock, kafka, refused, disabled } = setUp()
  await refused()
  kafka.away = true
  clock.advance(PARK_UNEXPLAINED_AFTER_MS * 2)
  expect(await refused()).toBe(false)
  expect(disabled).toEqual([])
})

test('[V26] rows that were taken, and a long time without a try, begin the time anew', async () => {
  const { clock, parking, refused } = setUp()
  await refused()
  clock.advance(PARK_AFTER_MS)
  parking.acknowledged('a')
  expect(await refused()).toBe(false)
  clock.advance(60_001)
  expect(await refused()).toBe(false)
  clock.advance(PARK_AFTER_MS)
  expect(await refused()).toBe(true)
})

test('[V26] what another relay parked is parked, and its pools are not turned off again', async () => {
  const { clock, outbox, refused, disabled, told } = setUp()
  await refused()
  clock.advance(PARK_AFTER_MS)
  await outbox.park({ streamName: 'a', reason: 'gone', at: 1 })
  expect(await refused()).toBe(true)
  expect([disabled, told]).toEqual([[], []])
})

test('[V26] where turning off or setting aside fails it is tried again', async () => {
  const { clock, outbox, refused, disable, disabled, failures } = setUp()
  await refused()
  clock.advance(PARK_AFTER_MS)
  disable.fails = true
  expect(await refused()).toBe(false)
  expect(await outbox.parked()).toEqual([])
  disable.fails = false
  const park = outbox.park.bind(outbox)
  outbox.park = () => Promise.reject(new Error('no'))
  expect(await refused()).toBe(false)
  outbox.park = park
  expect(await refused()).toBe(true)
  expect(failures).toEqual(['disable', 'park'])
  expect(disabled).toHaveLength(2)
})
