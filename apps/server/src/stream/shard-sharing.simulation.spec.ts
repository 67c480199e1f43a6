import { SHARDS } from '../domain/outbox-row.js'
import { LEASE_MS, LOOK_MS } from './shard-leases.js'
import { LeaseWorld } from './testing/lease-world.js'

const seeds = Array.from({ length: 10 }, (_, index) => index + 1)

/** Whoever is there says so and looks, gives up, and the other looks: each within a look, and some way to the store. */
const SHARED_WITHIN_MS = 4 * LOOK_MS

async function aWorld(seed: number, relays: number): Promise<LeaseWorld> {
  const world = new LeaseWorld(seed)
  for (let n = 0; n < relays; n++) world.start()
  await world.pass(SHARED_WITHIN_MS)
  return world
}

test.each([1, 2, 3, 4, 5, 8, 11])(
  '[SN2] %i relays that start at once have their shares within seconds',
  async (relays) => {
    for (const seed of seeds.slice(0, 3)) {
      const world = await aWorld(seed, relays)
      expect(world.counts()).toEqual(world.fair())
      const { taken } = world
      await world.pass(20_000)
      expect([world.counts(), world.taken, world.findings]).toEqual([world.fair(), taken, []])
    }
  },
)

test('[SN2] one that comes gets its share within seconds, and nothing else changes hands', async () => {
  const world = await aWorld(1, 1)
  for (const moved of [4, 2, 2, 1, 1, 1, 1, 0, 0]) {
    const { taken } = world
    world.start()
    await world.pass(SHARED_WITHIN_MS)
    expect([world.counts(), world.taken - taken]).toEqual([world.fair(), moved])
  }
  expect(world.findings).toEqual([])
})

test.each([
  ['is stopped', 'stop', 2 * LOOK_MS],
  ['is killed', 'kill', LEASE_MS + 2 * LOOK_MS],
] as const)(
  '[SN3] of one that %s the others take what it had within %s and %i ms, and nothing else',
  async (_, how, ms) => {
    for (const relays of [2, 3, 4, 5]) {
      const world = await aWorld(relays, relays)
      const { taken } = world
      const gone = world.members[world.random.below(relays)]!
      const had = gone.tenures.size
      await world[how](gone)
      await world.pass(ms)
      expect([world.counts(), world.taken - taken, world.findings]).toEqual([world.fair(), had, []])
    }
  },
)

test('[SN3] one that was paused beyond its leases has lost them, and gets a share again when it goes on', async () => {
  const world = await aWorld(3, 3)
  const [paused] = world.members
  paused!.process.pause()
  await world.pass(LEASE_MS + 2 * LOOK_MS)
  expect([...paused!.tenures.values()].every((tenure) => tenure.leftMs() === 0)).toBe(true)
  expect(world.members.slice(1).reduce((sum, { tenures }) => sum + tenures.size, 0)).toBe(SHARDS)
  paused!.process.resume()
  await world.pass(SHARED_WITHIN_MS)
  expect([world.counts(), world.findings]).toEqual([world.fair(), []])
})

test.each(seeds)(
  '[SN2, SN3] whatever relays come, go, die, pause and fail, no shard is ever two’s and all are shared in the end, seed %i',
  async (seed) => {
    const world = new LeaseWorld(seed)
    const { random } = world
    for (let step = 0; step < 80; step++) {
      const drawn = random.next()
      const one = world.members[random.below(Math.max(1, world.members.length))]
      if (one === undefined || (drawn < 0.25 && world.members.length < 11)) world.start()
      else if (drawn < 0.33) world.kill(one)
      else if (drawn < 0.41 && one.process.isRunning && !world.away) await world.stop(one)
      else if (drawn < 0.55) one.process.pause()
      else if (drawn < 0.75) one.process.resume()
      else if (drawn < 0.85) world.away = !world.away
      await world.pass(random.below(random.next() < 0.2 ? 12_000 : 1_500))
    }
    world.away = false
    for (const { process } of world.members) process.resume()
    if (world.members.length === 0) world.start()
    await world.pass(LEASE_MS + 2 * SHARED_WITHIN_MS)
    expect([world.counts(), world.findings]).toEqual([world.fair(), []])
    const { taken } = world
    await world.pass(15_000)
    expect(world.taken).toBe(taken)
  },
)
