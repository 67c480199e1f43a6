import type { WriteOutcome } from '../domain/dataset-write.js'
import { path } from '../domain/testing/a-dataset.js'
import { Refusal } from '../refusal.js'
import { breaksOnBad, committing, failsOnceStored } from './testing/altered-commits.js'
import { aWrite, gatedQueue, queueWorld } from './testing/queue-world.js'

test('[W1] what arrives in one turn, and what arrives while a transaction is under way, is committed together', async () => {
  const { queue, groups, openNext } = await gatedQueue()
  const first = [queue.submit(aWrite('1', 'a')), queue.submit(aWrite('2', 'b'))]
  const opening = openNext()
  await opening
  const later = ['c', 'd', 'e'].map((name) => queue.submit(aWrite(name, name)))
  await Promise.all(first)
  await openNext()
  await Promise.all(later)
  expect(groups.map(({ writes }) => writes)).toEqual([2, 3])
})

test('[W1] a group is bounded in writes and in bytes, and a single write larger than that still goes', async () => {
  const { queue, groups } = await queueWorld({ groupWritesMax: 2, groupBytesMax: 2_000 })
  const big = 'x'.repeat(5_000)
  await Promise.all([
    queue.submit(aWrite('1', 'a')),
    queue.submit(aWrite('2', 'b')),
    queue.submit(aWrite('3', 'c', big)),
    queue.submit(aWrite('4', 'd')),
  ])
  expect(groups.map(({ writes }) => writes)).toEqual([2, 1, 1])
})

test('[W4] a full queue refuses with TooManyRequests and Retry-After, and forgets nothing it took', async () => {
  const { queue, refused, openNext } = await gatedQueue({ writesMax: 2 })
  const running = queue.submit(aWrite('1', 'a'))
  while (queue.depth > 0) await new Promise(setImmediate)
  const waiting = [queue.submit(aWrite('2', 'b')), queue.submit(aWrite('3', 'c'))]
  await expect(queue.submit(aWrite('4', 'd'))).rejects.toMatchObject({ code: 'TooManyRequests', retryAfterSeconds: 1 })
  expect(refused()).toBe(1)
  await openNext()
  await running
  await openNext()
  expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(['accepted', 'accepted'])
  expect([queue.depth, queue.bytes]).toEqual([0, 0])
})

test('[W4] the queue is bounded in bytes too', async () => {
  const { queue } = await queueWorld({ bytesMax: 10_000 })
  const taken = [queue.submit(aWrite('1', 'a', 'x'.repeat(6_000)))]
  await expect(queue.submit(aWrite('2', 'b', 'x'.repeat(6_000)))).rejects.toMatchObject({ code: 'TooManyRequests' })
  await Promise.all(taken)
})

test('[W7] a write that breaks the store is tried alone and its neighbours are stored', async () => {
  const { queue, groups, failures, harness } = await queueWorld({}, breaksOnBad)
  const settled = await Promise.allSettled([
    queue.submit(aWrite('1', 'a')),
    queue.submit(aWrite('2', 'bad')),
    queue.submit(aWrite('3', 'c')),
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
  const { queue, harness } = await queueWorld({}, failsOnceStored)
  const outcomes: WriteOutcome[] = await Promise.all([queue.submit(aWrite('1', 'a')), queue.submit(aWrite('2', 'b'))])
  expect(outcomes.map(({ kind }) => kind)).toEqual(['repeated', 'repeated'])
  expect(await harness.store.read(path())).toMatchObject({ syncCount: 2, recordCount: 2 })
})

test('[W8] draining waits for everything that was taken', async () => {
  const { queue, groups } = await queueWorld({ groupWritesMax: 1 })
  const taken = Promise.all(['a', 'b', 'c'].map((name) => queue.submit(aWrite(name, name))))
  await queue.drained()
  expect(groups).toHaveLength(3)
  expect(await taken).toHaveLength(3)
  await queue.drained()
})

test('[W7] where the store is away, nobody of a group waits for the others to be tried', async () => {
  let commits = 0
  const away = new Refusal('ServiceUnavailable', 'the database is away')
  const { queue, failures } = await queueWorld({}, (store) =>
    committing(store, () => {
      commits++
      return Promise.reject(away)
    }),
  )
  const settled = await Promise.allSettled(['a', 'b', 'c'].map((name) => queue.submit(aWrite(name, name))))
  expect(settled).toEqual(Array.from({ length: 3 }, () => ({ status: 'rejected', reason: away })))
  expect([commits, failures, queue.depth]).toEqual([1, [away], 0])
})
