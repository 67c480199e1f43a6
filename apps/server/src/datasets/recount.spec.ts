import type { DatasetName, IdentityId, SyncCount, WatchedDataset } from '@satchel/protocol'
import type { Dataset } from '../domain/dataset.js'
import { aDataset, IDENTITY } from '../domain/testing/a-dataset.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { CommitFeed, type CommittedChange } from './commit-feed.js'
import { Recount, RECOUNT_EVERY_MS } from './recount.js'

const settled = () => new Promise((resolve) => setImmediate(resolve))

class AWorld {
  readonly clock = new HeldClock()
  readonly feed = new CommitFeed({ listenerFailed: (cause) => void this.faults.push(cause) })
  readonly told: CommittedChange[] = []
  readonly faults: unknown[] = []
  readonly looks: number[] = []
  readonly read: IdentityId[] = []
  needed = true
  underway = 0
  mostUnderway = 0
  readSeveral: (identity: IdentityId) => Promise<readonly Dataset[]> = () => Promise.resolve([])
  readonly recount = new Recount({
    feed: this.feed,
    store: {
      readSeveral: async (identity) => {
        this.read.push(identity)
        this.mostUnderway = Math.max(this.mostUnderway, ++this.underway)
        await settled()
        return this.readSeveral(identity).finally(() => this.underway--)
      },
    },
    isNeeded: () => this.needed,
    observer: { looked: (behind) => this.looks.push(behind), failed: (cause) => this.faults.push(cause) },
    clock: this.clock,
  })

  /** Somebody who is told of what he watches, and so knows it. */
  watch(identity: IdentityId, ...standings: readonly WatchedDataset[]): () => void {
    const held = new Map(standings.map((standing) => [standing.dataset, standing]))
    return this.feed.watch(
      identity,
      (change) => {
        this.told.push(change)
        const { dataset, epoch, through } = change.changed
        if (held.has(dataset)) held.set(dataset, { dataset, epoch, since: through })
      },
      () => held.values(),
    )
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.clock.advance(100)
      for (let turn = 0; turn < 30; turn++) await settled()
    }
  }
}

const at = (name: string, epoch: number, since: number): WatchedDataset => ({
  dataset: name as DatasetName,
  epoch,
  since: since as SyncCount,
})

const held = (name: string, epoch: number, syncCount: number): Dataset => ({
  ...aDataset({ name: name as DatasetName, epoch, syncCount: syncCount as SyncCount, exists: syncCount > 0 }),
})

const somebody = (number: number) => `us-east-1:${number}` as IdentityId

test('[RD6] while other nodes are not heard, watchers are told within seconds what the store has and they have not, once', async () => {
  const world = new AWorld()
  world.readSeveral = () => Promise.resolve([held('a', 1, 5), held('b', 1, 7), held('c', 2, 1), held('d', 0, 0)])
  world.watch(IDENTITY, at('a', 1, 5), at('b', 1, 4))
  world.watch(IDENTITY, at('b', 1, 6), at('c', 1, 9), at('d', 0, 0))
  world.recount.start()
  await world.pass(RECOUNT_EVERY_MS + 400)
  expect(world.told).toHaveLength(4) // each of the two watchers hears of both
  expect(world.told.slice(0, 2)).toEqual([
    { identity: IDENTITY, device: null, changed: { dataset: 'b', epoch: 1, base: 4, through: 7, records: null } },
    { identity: IDENTITY, device: null, changed: { dataset: 'b', epoch: 1, base: 4, through: 7, records: null } },
  ])
  await world.pass(3 * RECOUNT_EVERY_MS)
  expect(world.told).toHaveLength(4)
  expect(world.looks.filter((behind) => behind > 0)).toEqual([2])
})

test('[RD6] while other nodes are heard nothing is read, but once where something may have been missed', async () => {
  const world = new AWorld()
  world.needed = false
  world.readSeveral = () => Promise.resolve([held('a', 1, 6)])
  world.watch(IDENTITY, at('a', 1, 5))
  world.recount.start()
  await world.pass(10_000)
  expect(world.read).toEqual([])
  world.recount.look(null)
  await world.pass(10_000)
  expect([world.read, world.told.length]).toEqual([[IDENTITY], 1])
  world.recount.look(IDENTITY)
  world.recount.look(somebody(7)) // whom nobody watches
  await world.pass(10_000)
  expect([world.read, world.told.length]).toEqual([[IDENTITY, IDENTITY], 1])
})

test('[RD6] no more than 200 identities are looked at in a second, four at a time, each in its turn', async () => {
  const world = new AWorld()
  const many = Array.from({ length: 1_000 }, (_, number) => somebody(number))
  for (const identity of many) world.watch(identity, at('a', 1, 1))
  world.readSeveral = () => Promise.resolve([held('a', 1, 1)])
  world.recount.start()
  await world.pass(2_000)
  expect(world.read.length).toBeLessThanOrEqual(400)
  await world.pass(4_000)
  expect(world.read.length).toBeGreaterThanOrEqual(1_000)
  expect(new Set(world.read.slice(0, 1_000)).size).toBe(1_000)
  expect(world.mostUnderway).toBe(4)
})

test('[RD6] an identity that the store did not answer for is looked at again', async () => {
  const world = new AWorld()
  world.needed = false
  world.watch(IDENTITY, at('a', 1, 5))
  world.readSeveral = () => Promise.reject(new Error('away'))
  world.recount.start()
  world.recount.look(null)
  await world.pass(5_000)
  expect(world.faults).toHaveLength(3) // and not five times a second
  world.readSeveral = () => Promise.resolve([held('a', 1, 6)])
  await world.pass(2_000)
  expect([world.told.length, world.recount.waiting]).toEqual([1, 0])
})

test('[RD6] once the store did not answer, no more is asked of it until a while has passed, and nobody is forgotten', async () => {
  const world = new AWorld()
  world.needed = false
  const many = Array.from({ length: 100 }, (_, number) => somebody(number))
  for (const identity of many) world.watch(identity, at('a', 1, 5))
  world.readSeveral = () => Promise.reject(new Error('away'))
  world.recount.start()
  world.recount.look(null)
  await world.pass(1_500)
  expect(world.faults).toHaveLength(4) // what was under way together
  expect(world.recount.waiting).toBe(100)
  world.readSeveral = () => Promise.resolve([held('a', 1, 6)])
  await world.pass(5_000)
  expect([world.told.length, world.recount.waiting]).toEqual([100, 0])
})

test('[RD1] what is heard while the store is read is not taken back', async () => {
  const world = new AWorld()
  world.needed = false
  world.watch(IDENTITY, at('a', 1, 5))
  world.readSeveral = () => {
    const changed = {
      dataset: 'a' as DatasetName,
      epoch: 1,
      base: 5 as SyncCount,
      through: 9 as SyncCount,
      records: [],
    }
    world.feed.tellHere([{ identity: IDENTITY, device: null, changed }])
    return Promise.resolve([held('a', 1, 7)])
  }
  world.recount.start()
  world.recount.look(null)
  await world.pass(400)
  expect(world.told.map(({ changed }) => changed.through as number)).toEqual([9])
})

test('a recount that was stopped reads nothing more, and says when the last reading has ended', async () => {
  const world = new AWorld()
  world.watch(IDENTITY, at('a', 1, 5))
  world.recount.start()
  world.clock.advance(200)
  const reading = world.read.length
  await world.recount.stop()
  expect([reading, world.underway]).toEqual([1, 0])
  await world.pass(5_000)
  expect(world.read).toHaveLength(1)
})

test('[F18] a recount that is stopped amid many identities waits for those only that are being read', async () => {
  const world = new AWorld()
  for (let number = 0; number < 100; number++) world.watch(somebody(number), at('a', 1, 5))
  world.recount.start()
  world.clock.advance(200)
  await world.recount.stop()
  expect(world.read).toHaveLength(4)
})
