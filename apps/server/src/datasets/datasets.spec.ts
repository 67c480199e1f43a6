import { AWS_LIMITS, type Batch, type DeviceId } from '@satchel/protocol'
import { Keyring } from '../access/keyring.js'
import { Seal } from '../access/seal.js'
import { deviceMarkerId } from '../domain/batch-marker.js'
import {
  count,
  IDENTITY,
  OTHER_IDENTITY,
  OTHER_POOL,
  path,
  POOL,
  remove,
  replace,
} from '../domain/testing/a-dataset.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { memoryHarness } from '../store/testing/memory-harness.js'
import { CommitFeed } from './commit-feed.js'
import { Datasets, type ListRecordsRequest, type RecordListing } from './datasets.js'
import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import { MemoryDatabase } from '../store/memory/memory-database.js'
import { MemoryOutboxStore } from '../store/memory/memory-outbox-store.js'
import { Housekeeping } from './housekeeping.js'
import { SessionCount } from './session-count.js'
import { SyncSessions } from './sync-session.js'
import { QUEUE_BOUNDS, WriteQueue } from './write-queue.js'

const HOUR = 3_600_000

async function setUp() {
  const harness = memoryHarness()
  await harness.addPool(POOL)
  await harness.addIdentity(IDENTITY, POOL)
  await harness.addIdentity(OTHER_IDENTITY, POOL)
  const clock = new HeldClock()
  const seal = new Seal(new Keyring([Buffer.alloc(32, 7)]))
  const sessions = new SyncSessions({ seal, clock, random: new SeededRandom(1) })
  const opened = new SessionCount(harness.store)
  const observer = { committed: () => {}, refused: () => {}, failed: () => {} }
  const writes = new WriteQueue({
    store: harness.store,
    limits: AWS_LIMITS,
    clock,
    bounds: QUEUE_BOUNDS,
    observer,
    feed: new CommitFeed({ listenerFailed: () => {} }),
  })
  const datasets = new Datasets({ store: harness.store, writes, sessions, opened, seal, clock, limits: AWS_LIMITS })
  const list = async (over: Partial<ListRecordsRequest> = {}, where = path()) => {
    const listing = await datasets.listRecords(where, {
      since: count(0),
      limit: null,
      nextToken: null,
      sessionToken: null,
      ...over,
    })
    return listing as Extract<RecordListing, { kind: 'listed' }>
  }
  const update = (sessionToken: string, batch: Batch, where = path()) =>
    datasets.update(where, { batch, sessionToken, device: null, by: 'me' })
  const write = async (...batch: Batch) => update((await list()).sessionToken, batch)
  return { datasets, list, update, write, clock, harness, sessions, opened }
}

describe('sync sessions', () => {
  test('[S1] a token begins with a letter and opens for its own dataset only', async () => {
    const { list, update } = await setUp()
    const { sessionToken } = await list()
    expect(sessionToken).toMatch(/^[A-Za-z][\w-]+$/)
    for (const where of [path('other'), path('settings', OTHER_IDENTITY), path('settings', IDENTITY, OTHER_POOL)]) {
      expect(await update(sessionToken, [replace('a', '1')], where)).toEqual({ kind: 'bad-session-token' })
      expect(await list({ sessionToken }, where)).toEqual({ kind: 'bad-session-token' })
    }
  })

  test('[S1] an altered token does not open, whichever character is altered', async () => {
    const { list, update } = await setUp()
    const { sessionToken } = await list()
    for (let at = 0; at < sessionToken.length; at++) {
      const altered = sessionToken.slice(0, at) + (sessionToken[at] === 'x' ? 'y' : 'x') + sessionToken.slice(at + 1)
      expect(await update(altered, [])).toEqual({ kind: 'bad-session-token' })
    }
    for (const odd of ['', 'A', 'é', sessionToken + 'A', sessionToken.slice(0, -1), 'x'.repeat(100_000)]) {
      expect(await update(odd, [])).toEqual({ kind: 'bad-session-token' })
    }
  })

  test('[S2] a token is good for 24 hours', async () => {
    const { list, update, clock } = await setUp()
    const { sessionToken } = await list()
    clock.advance(24 * HOUR - 1)
    expect((await list({ sessionToken })).kind).toBe('listed')
    clock.advance(1)
    expect(await list({ sessionToken })).toEqual({ kind: 'bad-session-token' })
    expect(await update(sessionToken, [replace('a', '1')])).toEqual({ kind: 'bad-session-token' })
  })

  test('[S3] a token may be used for listing again and again until an update spends it', async () => {
    const { list, update } = await setUp()
    const { sessionToken } = await list()
    expect((await list({ sessionToken })).sessionToken).toBe(sessionToken)
    expect((await update(sessionToken, [replace('a', '1')])).kind).toBe('accepted')
    expect(await list({ sessionToken })).toEqual({ kind: 'session-spent' })
  })

  test('[S4] the same update sent again gets its first answer; anything else with the token is refused', async () => {
    const { list, update } = await setUp()
    const { sessionToken } = await list()
    const first = await update(sessionToken, [replace('a', '1')])
    expect(await update(sessionToken, [replace('a', '1')])).toEqual(first)
    expect(await update(sessionToken, [replace('a', '2')])).toEqual({ kind: 'session-spent' })
    expect((await list()).syncCount).toBe(1)
  })

  test('[S5] a refused update spends nothing', async () => {
    const { list, update, write } = await setUp()
    await write(replace('a', '1'))
    const { sessionToken } = await list()
    expect(await update(sessionToken, [replace('a', '2', 0)])).toMatchObject({ kind: 'stale', held: 1 })
    expect((await list({ sessionToken })).kind).toBe('listed')
    expect((await update(sessionToken, [replace('a', '2', 1)])).kind).toBe('accepted')
  })
})

describe('listing', () => {
  test('[R2] count 0 lists everything, tombstones included', async () => {
    const { list, write } = await setUp()
    await write(replace('a', '1'), replace('b', '1'))
    await write(remove('a', 1))
    expect((await list()).records.map(({ key, value }) => [key, value])).toEqual([
      ['b', '1'],
      ['a', null],
    ])
  })

  test('[R4] a page without a limit holds a whole dataset', async () => {
    const { list, write } = await setUp()
    await write(...Array.from({ length: 1_024 }, (_, n) => replace(`k${n}`, 'v')))
    await write(...Array.from({ length: 500 }, (_, n) => remove(`k${n}`, 1)))
    const listing = await list()
    expect(listing.records).toHaveLength(1_024)
    expect(listing.nextToken).toBeNull()
  })

  async function pages({ list }: Awaited<ReturnType<typeof setUp>>, limit: number, between: () => Promise<unknown>) {
    const seen = new Map<string, string | null>()
    let nextToken: string | null = null
    const counts: number[] = []
    do {
      const page: Awaited<ReturnType<typeof list>> = await list({ limit, nextToken })
      expect(page.kind).toBe('listed')
      for (const { key, value } of page.records) seen.set(key, value)
      counts.push(page.syncCount)
      nextToken = page.nextToken
      if (counts.length === 1) await between()
    } while (nextToken !== null)
    return { seen, counts }
  }

  test('[R5] pages are one snapshot: what is added or changed behind the reader does not show', async () => {
    const world = await setUp()
    await world.write(...['a', 'b', 'c', 'd', 'e'].map((name) => replace(name, 'old')))
    const { seen, counts } = await pages(world, 2, async () => {
      await world.write(replace('a', 'new', 1), replace('added', 'new'))
    })
    expect([...seen]).toEqual([...'abcde'].map((name) => [name, 'old']))
    expect(counts).toEqual([1, 1, 1])
  })

  test('[R6] when a record still to come is overwritten, the pages together show the newer count whole', async () => {
    const world = await setUp()
    await world.write(...['a', 'b', 'c', 'd', 'e'].map((name) => replace(name, 'old')))
    const { seen, counts } = await pages(world, 2, async () => {
      await world.write(replace('a', 'new', 1), replace('d', 'new', 1))
    })
    expect(Object.fromEntries(seen)).toEqual({ a: 'new', b: 'old', c: 'old', d: 'new', e: 'old' })
    expect(counts.at(-1)).toBe(2)
  })

  test('[R6] a dataset deleted between two pages ends the listing and says so', async () => {
    const { list, write, datasets } = await setUp()
    await write(...['a', 'b', 'c'].map((name) => replace(name, 'old')))
    const first = await list({ limit: 1 })
    await datasets.delete(path(), 'me')
    const second = await list({ limit: 1, nextToken: first.nextToken })
    expect(second).toMatchObject({ exists: false, syncCount: 0, deletedSince: true, records: [], nextToken: null })
  })

  test('[R5] a page token is sealed for its dataset', async () => {
    const { list, write } = await setUp()
    await write(replace('a', '1'), replace('b', '1'))
    const { nextToken } = await list({ limit: 1 })
    expect(await list({ nextToken }, path('other'))).toEqual({ kind: 'bad-next-token' })
    expect(await list({ nextToken: nextToken!.slice(0, -2) })).toEqual({ kind: 'bad-next-token' })
  })

  test('[R3] a count above the dataset’s is refused', async () => {
    const { list, write } = await setUp()
    await write(replace('a', '1'))
    expect(await list({ since: count(2) })).toEqual({ kind: 'no-such-count', since: 2 })
  })

  test('[D5] a reader of a recreated dataset is told on every page', async () => {
    const { list, write, datasets } = await setUp()
    await write(replace('a', '1'))
    await datasets.delete(path(), 'me')
    await write(replace('a', '1'), replace('b', '1'), replace('c', '1'))
    const first = await list({ since: count(1), limit: 2 })
    const second = await list({ since: count(1), limit: 2, nextToken: first.nextToken })
    expect([first.deletedSince, second.deletedSince]).toEqual([true, true])
    expect([...first.records, ...second.records]).toHaveLength(3)
  })
})

test('[R8] datasets are listed in pages, whose tokens hold for their identity only', async () => {
  const { list, update, datasets } = await setUp()
  for (const name of ['c', 'a', 'b'])
    await update((await list({}, path(name))).sessionToken, [replace('k', 'v')], path(name))
  const first = await datasets.list(path(), { limit: 2, nextToken: null })
  expect(first).toMatchObject({ kind: 'listed', datasets: [{ name: 'a' }, { name: 'b' }] })
  const nextToken = (first as { nextToken: string }).nextToken
  expect(await datasets.list(path(), { limit: 2, nextToken })).toMatchObject({
    datasets: [{ name: 'c' }],
    nextToken: null,
  })
  expect(await datasets.list(path('x', OTHER_IDENTITY), { limit: 2, nextToken })).toEqual({ kind: 'bad-next-token' })
})

const keeping = {
  outbox: new MemoryOutboxStore(new MemoryDatabase()),
  forgetSigningKeys: () => Promise.resolve(0),
  tombstoneDays: 180,
  streamRetentionDays: 7,
  turn: { isOurs: () => Promise.resolve(true), end: () => Promise.resolve() },
}

test('[U2] every session that is opened counts at once, and is handed to the store by housekeeping', async () => {
  const { datasets, list, harness, clock, opened, sessions } = await setUp()
  const { sessionToken } = await list()
  await list()
  await list({ sessionToken })
  expect(await datasets.poolUsage(POOL)).toMatchObject({ syncSessions: 2 })
  const observer = { removed: () => {}, failed: () => {} }
  const housekeeping = new Housekeeping({ ...keeping, store: harness.store, sessions, opened, clock, observer })
  await housekeeping.stop()
  expect(await harness.store.poolUsage(POOL)).toMatchObject({ syncSessions: 2 })
  expect(await datasets.poolUsage(POOL)).toMatchObject({ syncSessions: 2 })
})

test('[B2] housekeeping collects tombstones past their age, and forgets sessions only when they have expired', async () => {
  const { write, list, harness, clock, opened, sessions } = await setUp()
  await write(replace('a', '1'), replace('b', '1'))
  await write(remove('a', 1))
  const { sessionToken } = await list()
  const removed: string[] = []
  const observer = { removed: (what: string, rows: number) => removed.push(`${rows} ${what}`), failed: () => {} }
  const housekeeping = new Housekeeping({ ...keeping, store: harness.store, sessions, opened, clock, observer })
  housekeeping.start()
  const pass = async (ms: number) => {
    // A task sets its next time when it is done, so time moves in two steps: to the hour, and past every task's interval.
    for (const step of [ms - 600_000, 600_000]) {
      clock.advance(step)
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    }
  }
  await pass(23 * HOUR)
  expect(removed).toEqual([])
  await pass(2 * HOUR)
  expect(removed).toEqual(['2 markers'])
  await pass(180 * 24 * HOUR)
  expect(removed).toEqual(['2 markers', '1 tombstones'])
  expect((await list()).records.map(({ key }) => key)).toEqual(['b'])
  expect(sessions.idOf(path(), sessionToken)).toBeNull()
  await housekeeping.stop()
})

test('[MV6] while it is the turn of another node, housekeeping removes nothing and still hands over its own counts', async () => {
  const { write, list, harness, clock, opened, sessions } = await setUp()
  await write(replace('a', '1'))
  await write(remove('a', 1))
  await list()
  const removed: string[] = []
  const observer = { removed: (what: string) => removed.push(what), failed: () => {} }
  let ours = false
  const turn = { isOurs: () => Promise.resolve(ours), end: () => Promise.resolve() }
  const deps = { ...keeping, turn, store: harness.store, sessions, opened, clock, observer }
  const housekeeping = new Housekeeping(deps)
  housekeeping.start()
  const pass = async () => {
    for (const step of [181 * 24 * HOUR, 600_000]) {
      clock.advance(step)
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    }
  }
  await pass()
  expect(removed).toEqual([])
  expect(await harness.store.poolUsage(POOL)).toMatchObject({ syncSessions: 3 })
  ours = true
  await pass()
  expect(removed).toContain('tombstones')
  await housekeeping.stop()
})

test('[NA4] housekeeping forgets a device 400 days after its last batch', async () => {
  const { harness, clock, opened, sessions } = await setUp()
  const phone = 'phone' as DeviceId
  const origin = { id: deviceMarkerId(path(), phone), number: 1, hash: 'h' }
  const at = clock.now()
  await harness.store.commit(
    [{ kind: 'update', path: path(), batch: [], origin, device: phone, at, by: phone }],
    AWS_LIMITS,
  )
  const observer = { removed: () => {}, failed: () => {} }
  const housekeeping = new Housekeeping({ ...keeping, store: harness.store, sessions, opened, clock, observer })
  housekeeping.start()
  const remembered = async (ms: number) => {
    // A task sets its next time when it is done, so time moves in two steps, the second past every task's interval.
    for (const step of [ms - 601_000, 601_000]) {
      clock.advance(step)
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    }
    return harness.store.hasMarker(IDENTITY, origin.id)
  }
  expect(await remembered(400 * 24 * HOUR)).toBe(true)
  expect(await remembered(HOUR)).toBe(false)
  await housekeeping.stop()
})

test('[V13] housekeeping prunes the change log past its age, as far as it is published', async () => {
  const { harness, clock, opened, sessions } = await setUp()
  const database = new MemoryDatabase()
  const row = {
    id: 'e',
    streamName: 's',
    identity: path().identity,
    type: 'change',
    payload: '{}',
    partition: 0,
    shard: 0,
  }
  const rest = {
    pool: path().pool,
    dataset: path().dataset,
    epoch: 1,
    syncCount: 1,
    previous: 0,
    createdAt: clock.now(),
  }
  for (const seq of [1, 2]) database.outbox.set(seq, { ...row, ...rest, seq } as PlacedOutboxRow)
  database.unpublished.add(1)
  const removed: string[] = []
  const observer = { removed: (what: string, rows: number) => void removed.push(`${rows} ${what}`), failed: () => {} }
  const outbox = new MemoryOutboxStore(database)
  const deps = { ...keeping, outbox, store: harness.store, sessions, opened, clock, observer }
  const housekeeping = new Housekeeping(deps)
  housekeeping.start()
  const pass = async (ms: number) => {
    // A task sets its next time when it is done, so time moves in two steps, the second past every task's interval.
    for (const step of [ms - 61_000, 61_000]) {
      clock.advance(step)
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    }
    return [...database.outbox.keys()]
  }
  expect(await pass(7 * 24 * HOUR)).toEqual([1, 2])
  expect(await pass(HOUR)).toEqual([1])
  expect(removed).toContain('1 changes')
  await housekeeping.stop()
})
