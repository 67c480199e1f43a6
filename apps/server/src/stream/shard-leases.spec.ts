import { SHARDS } from '../domain/outbox-row.js'
import type { Clock } from '../runtime/clock.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import type { LeaseStore } from '../store/lease-store.js'
import { LEASE_MARGIN_MS, type Tenure } from './held-tenure.js'
import { LEASE_MS, leaseName, LOOK_MS, RENEW_MS, ShardLeases } from './shard-leases.js'
import { HandOutbox } from './testing/hand-outbox.js'

const SHARD_NAMES = Array.from({ length: SHARDS }, (_, shard) => leaseName(shard))

function setUp() {
  const outbox = HandOutbox.create()
  const store: LeaseStore = outbox.leases
  const clock = new HeldClock()
  /** By how much the clock of the process under test is ahead of the world's. */
  const skew = { byDay: 0, elapsed: 0 }
  const own: Clock = {
    now: () => clock.now() + skew.byDay,
    elapsed: () => clock.elapsed() + skew.elapsed,
    after: (ms, work) => clock.after(ms, work),
    soon: (work) => clock.soon(work),
  }
  const begun: Tenure[] = []
  const ended: Tenure[] = []
  const whys: string[] = []
  let failures = 0
  const leases = new ShardLeases({
    store,
    clock: own,
    holder: 'this',
    listener: {
      began: (tenure) => begun.push(tenure),
      leave: () => Promise.resolve(),
      ended: (tenure) => ended.push(tenure),
    },
    observer: {
      leased: () => undefined,
      leaseEnded: (_, __, why) => whys.push(why),
      failed: () => failures++,
    },
  })
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(100, left))
      await new Promise(setImmediate)
    }
  }
  return { leases, outbox, store, clock, skew, begun, ended, whys, pass, failures: () => failures }
}

test('[V23] every shard is taken, and kept for as long as it is renewed', async () => {
  const { leases, begun, ended, pass } = setUp()
  leases.start()
  await pass(100)
  expect(begun.map(({ shard }) => shard)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  await pass(10 * LEASE_MS)
  expect([begun.length, ended.length]).toEqual([8, 0])
  expect(begun[0]!.lease.epoch).toBe(1)
  expect(begun[0]!.leftMs()).toBeGreaterThan(LEASE_MS - LEASE_MARGIN_MS - RENEW_MS - 100)
})

test('[V23] leases that cannot be renewed end a margin before the store says so', async () => {
  const { leases, outbox, store, clock, ended, whys, pass, failures } = setUp()
  leases.start()
  await pass(100)
  const until = outbox.lease(leaseName(0))!.until
  store.take = () => Promise.reject(new Error('away'))
  while (ended.length === 0) await pass(100)
  expect(clock.now()).toBeLessThanOrEqual(until - LEASE_MARGIN_MS + 100)
  expect(ended).toHaveLength(8)
  expect(new Set(whys)).toEqual(new Set(['not-renewed']))
  expect(ended[0]!.leftMs()).toBe(0)
  expect(failures()).toBeGreaterThan(3)
})

test('[V23] an answer that took its time does not make a lease look longer', async () => {
  const { leases, store, clock, begun, pass } = setUp()
  const take = store.take.bind(store)
  store.take = async (request) => {
    const answer = await take(request)
    await new Promise<void>((done) => clock.after(4_000, done))
    return answer
  }
  leases.start()
  await pass(8_100) // a seat, then shards
  expect(begun[0]!.leftMs()).toBeLessThanOrEqual(LEASE_MS - LEASE_MARGIN_MS - 4_000)

  store.take = async (request) => {
    const answer = await take(request)
    await new Promise<void>((done) => clock.after(LEASE_MS, done))
    return answer
  }
  await pass(3 * LEASE_MS)
  expect(begun).toHaveLength(8) // what comes after its own end begins nothing
})

test('[V23] a time of day that is set back lengthens no lease', async () => {
  const { leases, store, skew, begun, pass } = setUp()
  leases.start()
  await pass(100)
  store.take = () => Promise.reject(new Error('away'))
  skew.byDay = -3_600_000
  expect(begun[0]!.leftMs()).toBeLessThanOrEqual(LEASE_MS - LEASE_MARGIN_MS)
  await pass(LEASE_MS)
  expect(begun[0]!.leftMs()).toBe(0)
})

test.each(['byDay', 'elapsed'] as const)(
  '[V23] a lease is over as soon as the clock says so, be it that no timer ran since: %s',
  async (which) => {
    const { leases, skew, begun, ended, pass } = setUp()
    leases.start()
    await pass(100)
    skew[which] = LEASE_MS
    expect(ended).toEqual([])
    expect(begun[0]!.leftMs()).toBe(0)
  },
)

test('[V7] a shard whose lease was fenced off is given up at once, and taken again under a new epoch', async () => {
  const { leases, store, begun, ended, whys, clock, pass } = setUp()
  leases.start()
  await pass(100)
  const gone = begun[3]!
  leases.giveUp(gone)
  leases.giveUp(gone)
  expect([ended, whys]).toEqual([[gone], ['taken-over']])
  expect(leases.held).toBe(7)
  const later = clock.now() + LEASE_MS + 1
  await store.take({ names: [leaseName(3)], holder: 'other', now: later, until: clock.now() + 3_000 })
  await pass(2 * RENEW_MS)
  expect(begun.findLast(({ shard }) => shard === 3)).toMatchObject({ lease: { epoch: 3 } })
})

test('[SN3] a shard that is on its way back to the store is not taken again before it is there', async () => {
  const { leases, store, clock, pass } = setUp()
  const release = store.release.bind(store)
  let arrive!: () => void
  const underway = new Promise<void>((done) => (arrive = done))
  const take = (holder: string, ...names: readonly string[]) =>
    store.take({ names, holder, now: clock.now(), until: clock.now() + LEASE_MS })
  leases.start()
  await pass(100)
  await take('other', 'relay-1')
  store.release = (...which) => underway.then(() => release(...which))
  await pass(LOOK_MS)
  expect(leases.held).toBe(4)
  // The other one goes, so all shards are this one's share again, while it is still giving four of them back.
  await release('other')
  await pass(2 * LOOK_MS)
  arrive()
  await pass(100)
  for (const { name } of await take('third', ...SHARD_NAMES)) {
    expect([name, leases.holds(SHARD_NAMES.indexOf(name))]).toEqual([name, false])
  }
  await release('third')
  await pass(LOOK_MS)
  expect(leases.held).toBe(8)
})

test('[V31] what is held is given back, once what is under way has ended', async () => {
  const { leases, store, ended, whys, pass } = setUp()
  leases.start()
  await pass(100)
  await leases.release()
  expect(ended).toHaveLength(8)
  expect(new Set(whys)).toEqual(new Set(['stopped']))
  const other = await store.take({ names: [leaseName(0)], holder: 'other', now: 1, until: 2 })
  expect(other).toMatchObject([{ epoch: 2 }])
  await pass(LEASE_MS)
  expect(leases.held).toBe(0)
})
