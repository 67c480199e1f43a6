import { Refusal } from '../refusal.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { BulkPublishWatch } from './bulk-publish-watch.js'
import { FanoutWatch } from './fanout-watch.js'
import { createLog } from './log.js'
import { Metrics } from './metrics.js'
import { SigningKeysWatch } from './signing-keys-watch.js'
import { LOOK_MS, StoreAbsence } from './store-absence.js'
import { HousekeepingWatch, QueueWatch } from './store-watch.js'
import { StreamWatch } from './stream-watch.js'

const away = () => new Refusal('ServiceUnavailable', 'the database does not answer', { cause: new Error('no route') })

function setUp() {
  const clock = new HeldClock()
  const metrics = new Metrics(clock)
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  const probe = { answers: false, asked: 0 }
  const absence = new StoreAbsence({
    probe: () => {
      probe.asked += 1
      return probe.answers ? Promise.resolve() : Promise.reject(away())
    },
    log,
    clock,
  })
  const deps = { metrics, log, clock, absence }
  const stream = new StreamWatch({ ...deps, metrics: metrics.addStream() })
  const fanout = new FanoutWatch({ ...deps, metrics: metrics.addFanout() })
  const [queue, housekeeping, bulk, keys] = [
    new QueueWatch(deps),
    new HousekeepingWatch(deps),
    new BulkPublishWatch(deps),
    new SigningKeysWatch(deps),
  ]
  /** Each piece of background work fails once. */
  const failAll = (cause: unknown) => {
    housekeeping.failed('purge what was deleted', cause)
    queue.failed(cause)
    for (const work of ['leases', 'read', 'mark', 'backlog'] as const) stream.failed(work, cause)
    bulk.interrupted(cause)
    fanout.failed(cause)
    keys.unread(cause)
  }
  const said = () => lines.splice(0).map((line) => JSON.parse(line) as Record<string, unknown>)
  /** Lets a look pass, and what hangs on it. */
  const look = async () => {
    clock.advance(LOOK_MS)
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  return { metrics, absence, probe, failAll, said, look }
}

test('[PL13] a database that is away is told once, whoever meets it however often, and once that it is back', async () => {
  const { metrics, probe, failAll, said, look } = setUp()
  for (let again = 0; again < 12; again++) {
    failAll(again % 2 === 0 ? away() : new Refusal('TooManyRequests', 'too much waits'))
    await look()
  }
  const [told, ...more] = said()
  expect(told).toMatchObject({ level: 'warn', code: 'ServiceUnavailable', cause: { message: 'no route' } })
  expect(more).toEqual([])
  expect(await metrics.text()).toContain('satchel_stream_failures_total{work="leases"} 12')
  probe.answers = true
  await look()
  expect(said()).toMatchObject([{ level: 'info', msg: 'the database answers again', awaySeconds: 55 }])
  await look()
  expect(said()).toEqual([])
  failAll(away())
  expect(said()).toMatchObject([{ level: 'warn' }])
})

test('[PL13] a database that answers a read while other work fails is not told to be back', async () => {
  const { probe, absence, said, look } = setUp()
  probe.answers = true
  absence.explains(away())
  for (let again = 0; again < 5; again++) {
    const looked = look()
    absence.explains(away())
    await looked
  }
  expect(said()).toHaveLength(1)
  await look()
  expect(said()).toHaveLength(1)
})

test('[PL13] a defect is an error with its stack each time, also while the database is away', () => {
  const { absence, failAll, said } = setUp()
  absence.explains(away())
  said()
  failAll(new TypeError('a defect'))
  const errors = said().filter(({ level }) => level === 'error')
  expect(errors).toHaveLength(8)
  expect(errors[0]).toMatchObject({ task: 'purge what was deleted', cause: { stack: expect.any(Array) as unknown } })
})

test('[PL13] a server that ends asks no longer', async () => {
  const { absence, probe, look } = setUp()
  absence.explains(away())
  absence.stop()
  await look()
  expect(probe.asked).toBe(0)
})
