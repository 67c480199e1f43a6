import { HeldClock } from '../../../runtime/testing/held-clock.js'
import { Turnstile, type TurnstileBounds } from './turnstile.js'

const BOUNDS: TurnstileBounds = { places: 2, waitingMax: 100, waitMsTarget: 1_000, waitMsMax: 2_000, stalledMs: 3_000 }

function setUp(over: Partial<TurnstileBounds> = {}) {
  const clock = new HeldClock()
  const turnstile = new Turnstile({ ...BOUNDS, ...over }, clock)
  const begun: string[] = []
  const ends = new Map<string, (fault?: Error) => void>()
  /** Work that is under way until it is ended. */
  const pass = (name: string, passing?: 'first') => {
    const work = () => {
      begun.push(name)
      return new Promise<string>((resolve, reject) =>
        ends.set(name, (fault) => (fault === undefined ? resolve(name) : reject(fault))),
      )
    }
    const told = turnstile.pass(work, passing)
    told.catch(() => {}) // looked at below
    return told
  }
  const end = async (name: string, fault?: Error) => {
    ends.get(name)!(fault)
    await new Promise(setImmediate)
  }
  return { clock, turnstile, begun, pass, end }
}

test('[PL1] as much is under way as there are connections; the rest waits, and has its turn in order', async () => {
  const { begun, pass, end, turnstile } = setUp()
  const told = ['a', 'b', 'c', 'd'].map((name) => pass(name))
  expect(begun).toEqual(['a', 'b'])
  await end('b')
  expect(begun).toEqual(['a', 'b', 'c'])
  await end('a', new Error('broken'))
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
  await end('c')
  await end('d')
  expect((await Promise.allSettled(told)).map(({ status }) => status)).toEqual([
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ])
  expect(turnstile.figures()).toMatchObject({ inUse: 0, waiting: 0, waits: 2, refused: 0, isBusy: false })
})

test('[PL1] once the first in the line has waited for a second, whoever comes is told to come again, and when it moves it is open', async () => {
  const { clock, pass, end, turnstile, begun } = setUp()
  for (const name of ['a', 'b', 'c']) void pass(name)
  clock.advance(1_001)
  await expect(pass('d')).rejects.toMatchObject({ code: 'TooManyRequests', retryAfterSeconds: 1 })
  expect(turnstile.figures()).toMatchObject({ waiting: 1, oldestWaitMs: 1_001, refused: 1, isBusy: true })
  for (const name of ['a', 'b', 'c']) await end(name)
  void pass('e')
  expect(begun).toEqual(['a', 'b', 'c', 'e'])
  clock.advance(2_001)
  expect(turnstile.figures()).toMatchObject({ isBusy: false, waitedMs: 1_001 })
})

test('[PL1] where work takes long, a short line is a long wait: who would wait for longer than a second is refused at once', async () => {
  const { clock, pass, end } = setUp()
  // Twenty pieces of work of half a second each: of a line of four, the last would wait for a second.
  for (let n = 0; n < 20; n++) {
    void pass(`slow ${n}`)
    clock.advance(500)
    await end(`slow ${n}`)
  }
  void pass('a')
  void pass('b')
  const waiting = ['c', 'd', 'e', 'f'].map((name) => pass(name))
  // Until the line has been seen to stand, what is in it may be quick.
  clock.advance(300)
  await expect(pass('g')).rejects.toMatchObject({ code: 'TooManyRequests' })
  clock.advance(200)
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await end(name)
  expect(await Promise.all(waiting)).toEqual(['c', 'd', 'e', 'f'])
})

test('[PL1] nobody waits for longer than two seconds, and who was let in late is refused without having been begun', async () => {
  const { clock, pass, begun, turnstile } = setUp()
  for (const name of ['a', 'b']) void pass(name)
  const waiting = pass('c')
  clock.advance(2_000)
  await expect(waiting).rejects.toMatchObject({ code: 'TooManyRequests' })
  expect([begun, turnstile.figures().waiting]).toEqual([['a', 'b'], 0])
})

test('[PL1] when nothing has moved for three seconds the database is away, not busy', async () => {
  const { clock, pass, end } = setUp()
  for (const name of ['a', 'b', 'c']) void pass(name)
  clock.advance(3_001)
  await expect(pass('d')).rejects.toMatchObject({ code: 'ServiceUnavailable', retryAfterSeconds: 1 })
  await end('a')
  expect(await Promise.race([pass('e'), Promise.resolve('taken')])).toBe('taken')
})

test('[PL1] the line is bounded in number, whatever the time it would take', async () => {
  const { pass } = setUp({ waitingMax: 3 })
  for (const name of ['a', 'b', 'c', 'd', 'e']) void pass(name)
  await expect(pass('f')).rejects.toMatchObject({ code: 'TooManyRequests' })
})

test('[PL4] what is to go first does, and is never refused', async () => {
  const { clock, pass, end, begun } = setUp()
  for (const name of ['a', 'b', 'c']) void pass(name)
  clock.advance(1_500)
  const probe = pass('probe', 'first')
  clock.advance(5_000)
  await end('a')
  expect(begun).toEqual(['a', 'b', 'probe'])
  await end('probe')
  expect(await probe).toBe('probe')
})
