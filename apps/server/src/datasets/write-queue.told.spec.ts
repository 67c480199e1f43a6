import { IDENTITY } from '../domain/testing/a-dataset.js'
import type { CommitFeed } from './commit-feed.js'
import { breaksOnBad, failsOnceStored } from './testing/altered-commits.js'
import { aWrite, gatedQueue, queueWorld } from './testing/queue-world.js'

const heard = (feed: CommitFeed) => {
  const told: (readonly [number, number])[] = []
  feed.watch(IDENTITY, ({ changed }) => told.push([changed.base, changed.through]))
  return told
}

test('[NA8] nothing is told before its commit is durable, and then before its caller is answered', async () => {
  const { queue, feed, openNext } = await gatedQueue()
  const told = heard(feed)
  const order: string[] = []
  feed.watch(IDENTITY, () => order.push('told'))
  const answered = queue.submit(aWrite('1', 'a')).then(() => order.push('answered'))
  while (queue.depth > 0) await new Promise(setImmediate)
  expect(told).toEqual([])
  await openNext()
  await answered
  expect([told, order]).toEqual([[[0, 1]], ['told', 'answered']])
})

test('[NA8] writes that are tried alone after their group failed are told, and the failed one is not', async () => {
  const { queue, feed } = await queueWorld({}, breaksOnBad)
  const told = heard(feed)
  await Promise.allSettled(['a', 'bad', 'c'].map((name) => queue.submit(aWrite(name, name))))
  expect(told).toEqual([
    [0, 1],
    [1, 2],
  ])
})

test('[NA8] a commit that was stored and then failed is told when it is tried again', async () => {
  const { queue, feed } = await queueWorld({}, failsOnceStored)
  const told = heard(feed)
  await Promise.allSettled([queue.submit(aWrite('1', 'a'))])
  expect(told).toEqual([])
  await queue.submit(aWrite('1', 'a'))
  expect(told).toEqual([[0, 1]])
})

test('[NA8] a listener that throws harms neither the writer nor the other listeners', async () => {
  const { queue, feed, failures } = await queueWorld()
  feed.watch(IDENTITY, () => {
    throw new Error('a closed socket')
  })
  const told = heard(feed)
  expect((await queue.submit(aWrite('1', 'a'))).kind).toBe('accepted')
  expect(told).toEqual([[0, 1]])
  expect(failures).toEqual([new Error('a closed socket')])
})
