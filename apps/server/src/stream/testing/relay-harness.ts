import { HeldClock } from '../../runtime/testing/held-clock.js'
import { SeededRandom } from '../../runtime/testing/seeded-random.js'
import type { StoreWork, StreamObserver } from '../stream-observer.js'
import type { RelayBounds } from '../relay-bounds.js'
import { RELAY_BOUNDS } from '../relay-bounds.js'
import { Relay, type RelayParts } from '../relay.js'
import { STREAM } from './an-outbox-row.js'
import { HandOutbox } from './hand-outbox.js'
import { MemoryKafka } from './memory-kafka.js'
import { silentObserver } from './silent-observer.js'

/** One relay over a model of store and broker, on a clock that the test holds; everything is as production has it but for what is given. */
export function relayHarness({
  bounds = {},
  observer = {},
  ...over
}: Partial<Omit<RelayParts, 'bounds' | 'observer'>> &
  Readonly<{ bounds?: Partial<RelayBounds>; observer?: Partial<StreamObserver> }> = {}) {
  const clock = new HeldClock()
  const kafka = new MemoryKafka(clock)
  kafka.create(STREAM)
  const outbox = HandOutbox.create()
  const { leases } = outbox
  const disabled: { streamName: string; reason: string }[] = []
  const failures: StoreWork[] = []
  const startRelay = (more: Partial<RelayParts> = {}) => {
    const relay = new Relay({
      outbox,
      leases,
      topics: kafka,
      openPublisher: kafka.open,
      topicPrefix: '',
      link: (row) => Promise.resolve(`link:${row.id}`),
      disable: (streamName, reason) => Promise.resolve(void disabled.push({ streamName, reason })),
      disableAll: () => Promise.resolve(),
      backlogRowsMax: 1_000_000,
      clock,
      random: new SeededRandom(7),
      observer: silentObserver({ failed: (work) => failures.push(work), ...observer }),
      bounds: { ...RELAY_BOUNDS, ...bounds },
      ...over,
      ...more,
    })
    relay.start()
    return relay
  }
  /** Lets what needs no time happen. */
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
  }
  /** Lets time pass bit by bit. */
  const pass = async (ms: number, step = 50) => {
    await settle()
    for (let left = ms; left > 0; left -= step) {
      clock.advance(Math.min(step, left))
      await new Promise(setImmediate)
    }
    await settle()
  }
  return { clock, kafka, leases, outbox, disabled, failures, startRelay, settle, pass }
}
