import { AWS_LIMITS, type DatasetPath, type IdentityId } from '@satchel/protocol'
import type { DatasetWrite, WriteOutcome } from '../domain/dataset-write.js'
import { IDENTITY, path, POOL, replace } from '../domain/testing/a-dataset.js'
import { Refusal } from '../refusal.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import type { DatasetStore } from '../store/dataset-store.js'
import { memoryHarness } from '../store/testing/memory-harness.js'
import { CommitFeed } from './commit-feed.js'
import { QUEUE_BOUNDS, WriteQueue, type QueueBounds } from './write-queue.js'

const write = (id: string, name: string, value = 'v', where: DatasetPath = path()): DatasetWrite => ({
  kind: 'update',
  path: where,
  batch: [replace(name, value)],
  origin: { id, number: 0, hash: id },
  device: null,
  at: 1,
  by: 'me',
})

async function setUp(
  over: Partial<QueueBounds> = {},
  wrap: (store: DatasetStore) => DatasetStore = (store) => store,
  clock = new HeldClock(),
) {
  const harness = memoryHarness()
  await harness.addPool(POOL)
  await harness.addIdentity(IDENTITY, POOL)
  const groups: { writes: number; failed: boolean }[] = []
  let refused = 0
  const failures: unknown[] = []
  const feed = new CommitFeed({ listenerFailed: (cause) => failures.push(cause) })
  const queue = new WriteQueue({
    store: wrap(harness.store),
    limits: AWS_LIMITS,
    clock,
    bounds: { ...QUEUE_BOUNDS, ...over },
    feed,
    observer: {
      committed: ({ writes, failed }) => groups.push({ writes, failed }),
      refused: () => refused++,
      failed: (cause) => failures.push(cause),
    },
  })
  return { queue, feed, harness, groups, failures, refused: () => refused }
}

/** A store whose commits wait until they are let go. */
function gated(store: DatasetStore) {
  const gates: (() => void)[] = []
  const gatedStore: DatasetStore = Object.assign(Object.create(store) as DatasetStore, {
    commit: async (...given: Parameters<DatasetStore['commit']>) => {
      await new Promise<void>((open) => gates.push(open))
      return store.commit(...given)
    },
  })
  const opened = async (): Promise<void> => {
    while (gates.length === 0) await new Promise(setImmediate)
    gates.shift()!()
  }
  return { store: gatedStore, openNext: opened }
}

test('[W1] what arrives in one turn, and what arrives while a transaction is under way, is committed together', async () => {
  let gate!: ReturnType<typeof gated>
  const { queue, groups } = await setUp({}, (store) => (gate = gated(store)).store)
  const first = [queue.submit(write('1', 'a')), queue.submit(write('2', 'b'))]
  const opening = gate.openNext()
  await opening
  const later = ['c', 'd', 'e'].map((name) => queue.submit(write(name, name)))
  await Promise.all(first)
  await gate.openNext()
  await Promise.all(later)
  expect(groups.map(({ writes }) => writes)).toEqual([2, 3])
})

test('[W1] a group is bounded in writes and in bytes, and a single write larger than that still goes', async () => {
  const { queue, groups } = await setUp({ groupWritesMax: 2, groupBytesMax: 2_000 })
  const big = 'x'.repeat(5_000)
  await Promise.all([
    queue.submit(write('1', 'a')),
    queue.submit(write('2', 'b')),
    queue.submit(write('3', 'c', big)),
    queue.submit(write('4', 'd')),
  ])
  expect(groups.map(({ writes }) => writes)).toEqual([2, 1, 1])
})

test('[W4] a full queue refuses with TooManyRequests and Retry-After, and forgets nothing it took', async () => {
  let gate!: ReturnType<typeof gated>
  const { queue, refused } = await setUp({ writesMax: 2 }, (store) => (gate = gated(store)).store)
  const running = queue.submit(write('1', 'a'))
  while (queue.depth > 0) await new Promise(setImmediate)
  const waiting = [queue.submit(write('2', 'b')), queue.submit(write('3', 'c'))]
  await expect(queue.submit(write('4', 'd'))).rejects.toMatchObject({ code: 'TooManyRequests', retryAfterSeconds: 1 })
  expect(refused()).toBe(1)
  await gate.openNext()
  await running
  await gate.openNext()
  expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(['accepted', 'accepted'])
  expect([queue.depth, queue.bytes]).toEqual([0, 0])
})

test('[W4] the queue is bounded in bytes too', async () => {
  const { queue } = await setUp({ bytesMax: 10_000 })
  const taken = [queue.submit(write('1', 'a', 'x'.repeat(6_000)))]
  await expect(queue.submit(write('2', 'b', 'x'.repeat(6_000)))).rejects.toMatchObject({ code: 'TooManyRequests' })
  await Promise.all(taken)
})

test('[W7] a write that breaks the store is tried alone and its neighbours are stored', async () => {
  const { queue, groups, failures, harness } = await setUp({}, (store) =>
    Object.assign(Object.create(store) as DatasetStore, {
      commit: (writes: readonly DatasetWrite[], limits: Parameters<DatasetStore['commit']>[1]) =>
        writes.some((it) => it.kind === 'update' && it.batch[0]?.key === 'bad')
          ? Promise.reject(new Error('disk full'))
          : store.commit(writes, limits),
    }),
  )
  const settled = await Promise.allSettled([
    queue.submit(write('1', 'a')),
    queue.submit(write('2', 'bad')),
    queue.submit(write('3', 'c')),
  ])
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(settled[1]).toMatchObject({ reason: { code: 'ServiceUnavailable', retryAfterSeconds: 1 } })
  expect(failures).toEqual([new Error('disk full')])
  expect(groups.map(({ writes, failed }) => [writes, failed])).toEqual([
    [3, true],
    [1, false],
    [1, true],
    [1, false],
  ])
  expect(await harness.store.read(path())).toMatchObject({ syncCount: 2, recordCount: 2 })
})

test('[W7] a commit that was stored and then failed is settled by its markers when it is tried again', async () => {
  let failures = 1
  const { queue, harness } = await setUp({}, (store) =>
    Object.assign(Object.create(store) as DatasetStore, {
      commit: async (...given: Parameters<DatasetStore['commit']>) => {
        const outcomes = await store.commit(...given)
        if (failures-- > 0) throw new Error('connection lost after commit')
        return outcomes
      },
    }),
  )
  const outcomes: WriteOutcome[] = await Promise.all([queue.submit(write('1', 'a')), queue.submit(write('2', 'b'))])
  expect(outcomes.map(({ kind }) => kind)).toEqual(['repeated', 'repeated'])
  expect(await harness.store.read(path())).toMatchObject({ syncCount: 2, recordCount: 2 })
})

/** A queue whose commits wait until they are let go, and whose last ones took so long. */
async function slowQueue(commitMs: number, commits: number) {
  const clock = new HeldClock()
  let gate!: ReturnType<typeof gated>
  const wrap = (store: DatasetStore) => (gate = gated(store)).store
  const parts = await setUp({ groupWritesMax: 2 }, wrap, clock)
  const submit = (name: string) => {
    const told = parts.queue.submit(write(name, name))
    told.catch(() => {}) // looked at later
    return told
  }
  const begun = async () => {
    while (parts.queue.depth > 0) await new Promise(setImmediate)
  }
  for (let n = 0; n < commits; n++) {
    const told = submit(`slow ${n}`)
    await begun()
    clock.advance(commitMs)
    await gate.openNext()
    await told
  }
  return { ...parts, clock, submit, begun, openNext: gate.openNext }
}

test('[PL3] a write that would wait for longer than two seconds is refused early, and as many are taken as will be stored by then', async () => {
  const { queue, submit, begun, openNext, refused } = await slowQueue(900, 30)
  const told = [submit('running')]
  await begun()
  // Two groups of two behind the one that is under way: the last begin in two commits' time.
  told.push(...['a', 'b', 'c', 'd'].map(submit))
  await expect(submit('e')).rejects.toMatchObject({ code: 'TooManyRequests', retryAfterSeconds: 1 })
  expect([queue.depth, refused(), queue.isBusy]).toEqual([4, 1, true])
  for (let n = 0; n < 3; n++) await openNext()
  expect((await Promise.all(told)).map(({ kind }) => kind)).toEqual(told.map(() => 'accepted'))
  expect(queue.isBusy).toBe(false)
})

test('[PL3] behind a commit that hangs nobody is let in, first with TooManyRequests, then with ServiceUnavailable', async () => {
  const { clock, submit, begun, openNext, queue, refused } = await slowQueue(1, 3)
  const running = submit('running')
  await begun()
  const early = submit('early')
  clock.advance(2_001)
  await expect(submit('late')).rejects.toMatchObject({ code: 'TooManyRequests' })
  clock.advance(3_000)
  await expect(submit('later')).rejects.toMatchObject({ code: 'ServiceUnavailable', retryAfterSeconds: 1 })
  // What waited for too long meanwhile is refused without having been tried.
  await openNext()
  expect((await running).kind).toBe('accepted')
  await expect(early).rejects.toMatchObject({ code: 'TooManyRequests' })
  expect([refused(), queue.depth, queue.bytes]).toEqual([3, 0, 0])
  const next = submit('next')
  await openNext()
  expect((await next).kind).toBe('accepted')
})

test('[W8] draining waits for everything that was taken', async () => {
  const { queue, groups } = await setUp({ groupWritesMax: 1 })
  const taken = Promise.all(['a', 'b', 'c'].map((name) => queue.submit(write(name, name))))
  await queue.drained()
  expect(groups).toHaveLength(3)
  expect(await taken).toHaveLength(3)
  await queue.drained()
})

test('[W7] where the store is away, nobody of a group waits for the others to be tried', async () => {
  let commits = 0
  const away = new Refusal('ServiceUnavailable', 'the database is away')
  const { queue, failures } = await setUp({}, (store) =>
    Object.assign(Object.create(store) as DatasetStore, {
      commit: () => {
        commits++
        return Promise.reject(away)
      },
    }),
  )
  const settled = await Promise.allSettled(['a', 'b', 'c'].map((name) => queue.submit(write(name, name))))
  expect(settled).toEqual(Array.from({ length: 3 }, () => ({ status: 'rejected', reason: away })))
  expect([commits, failures, queue.depth]).toEqual([1, [away], 0])
})

describe('a store with several lanes', () => {
  const identities = Array.from({ length: 40 }, (_, n) => `us-east-1:${n}` as IdentityId)

  /** Every commit waits until all are let go; the most that were under way at once are counted, in all and per identity. */
  function crowded(store: DatasetStore, lanes: number) {
    const underWay = new Map<string, number>()
    const seen = { atOnce: 0, ofOneIdentity: 0 }
    let running = 0
    const counted = Object.assign(Object.create(store) as DatasetStore, {
      lanes,
      commit: async (...given: Parameters<DatasetStore['commit']>) => {
        const here = new Set(given[0].map(({ path: { identity } }) => identity))
        seen.atOnce = Math.max(seen.atOnce, ++running)
        for (const identity of here) {
          const times = (underWay.get(identity) ?? 0) + 1
          underWay.set(identity, times)
          seen.ofOneIdentity = Math.max(seen.ofOneIdentity, times)
        }
        await new Promise(setImmediate)
        for (const identity of here) underWay.set(identity, underWay.get(identity)! - 1)
        running--
        return store.commit(...given)
      },
    })
    return { store: counted, seen }
  }

  test('[X8] commits go on side by side, one in each lane, and never two of them for one identity', async () => {
    let crowd!: ReturnType<typeof crowded>
    const { queue, harness } = await setUp({ groupWritesMax: 3 }, (store) => (crowd = crowded(store, 4)).store)
    for (const identity of identities) await harness.addIdentity(identity, POOL)
    const rounds = [1, 2, 3].flatMap((round) =>
      identities.map((identity) => queue.submit(write(`${identity} ${round}`, `k${round}`, 'v', path('d', identity)))),
    )
    expect((await Promise.all(rounds)).every(({ kind }) => kind === 'accepted')).toBe(true)
    expect(crowd.seen).toEqual({ atOnce: 4, ofOneIdentity: 1 })
    await queue.drained()
    expect([queue.depth, queue.bytes]).toEqual([0, 0])
  })

  test('[X8] the bounds hold for all lanes together', async () => {
    const { queue, refused, harness } = await setUp({ writesMax: 10 }, (store) => crowded(store, 4).store)
    for (const identity of identities) await harness.addIdentity(identity, POOL)
    const settled = await Promise.allSettled(
      identities.map((identity) => queue.submit(write(identity, 'k', 'v', path('d', identity)))),
    )
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    expect(refused()).toBe(30)
  })
})

describe('what is told of commits', () => {
  const heard = (feed: CommitFeed) => {
    const told: (readonly [number, number])[] = []
    feed.watch(IDENTITY, ({ changed }) => told.push([changed.base, changed.through]))
    return told
  }

  test('[NA8] nothing is told before its commit is durable, and then before its caller is answered', async () => {
    let gate!: ReturnType<typeof gated>
    const { queue, feed } = await setUp({}, (store) => (gate = gated(store)).store)
    const told = heard(feed)
    const order: string[] = []
    feed.watch(IDENTITY, () => order.push('told'))
    const answered = queue.submit(write('1', 'a')).then(() => order.push('answered'))
    while (queue.depth > 0) await new Promise(setImmediate)
    expect(told).toEqual([])
    await gate.openNext()
    await answered
    expect([told, order]).toEqual([[[0, 1]], ['told', 'answered']])
  })

  test('[NA8] writes that are tried alone after their group failed are told, and the failed one is not', async () => {
    const { queue, feed } = await setUp({}, (store) =>
      Object.assign(Object.create(store) as DatasetStore, {
        commit: (writes: readonly DatasetWrite[], limits: Parameters<DatasetStore['commit']>[1]) =>
          writes.some((it) => it.kind === 'update' && it.batch[0]?.key === 'bad')
            ? Promise.reject(new Error('disk full'))
            : store.commit(writes, limits),
      }),
    )
    const told = heard(feed)
    await Promise.allSettled(['a', 'bad', 'c'].map((name) => queue.submit(write(name, name))))
    expect(told).toEqual([
      [0, 1],
      [1, 2],
    ])
  })

  test('[NA8] a commit that was stored and then failed is told when it is tried again', async () => {
    let failures = 1
    const { queue, feed } = await setUp({}, (store) =>
      Object.assign(Object.create(store) as DatasetStore, {
        commit: async (...given: Parameters<DatasetStore['commit']>) => {
          const outcomes = await store.commit(...given)
          if (failures-- > 0) throw new Error('connection lost after commit')
          return outcomes
        },
      }),
    )
    const told = heard(feed)
    await Promise.allSettled([queue.submit(write('1', 'a'))])
    expect(told).toEqual([])
    await queue.submit(write('1', 'a'))
    expect(told).toEqual([[0, 1]])
  })

  test('[NA8] a listener that throws harms neither the writer nor the other listeners', async () => {
    const { queue, feed, failures } = await setUp()
    feed.watch(IDENTITY, () => {
      throw new Error('a closed socket')
    })
    const told = heard(feed)
    expect((await queue.submit(write('1', 'a'))).kind).toBe('accepted')
    expect(told).toEqual([[0, 1]])
    expect(failures).toEqual([new Error('a closed socket')])
  })
})
