import { aWrite, gatedQueue } from './testing/queue-world.js'

/** A queue whose commits wait until they are let go, and whose last ones took so long. */
async function slowQueue(commitMs: number, commits: number) {
  const world = await gatedQueue({ groupWritesMax: 2 })
  const { queue, clock, openNext } = world
  const submit = (name: string) => {
    const told = queue.submit(aWrite(name, name))
    told.catch(() => {}) // looked at later
    return told
  }
  const begun = async () => {
    while (queue.depth > 0) await new Promise(setImmediate)
  }
  for (let n = 0; n < commits; n++) {
    const told = submit(`slow ${n}`)
    await begun()
    clock.advance(commitMs)
    await openNext()
    await told
  }
  return { ...world, submit, begun }
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
