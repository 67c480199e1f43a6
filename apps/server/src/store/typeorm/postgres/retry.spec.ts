import { SeededRandom } from '../../../runtime/testing/seeded-random.js'
import type { Clock } from '../../../runtime/clock.js'
import { withRetries } from './retry.js'

/** Every pause is over at once, and taken down. */
function setUp() {
  const pauses: number[] = []
  const clock = {
    after: (delayMs: number, work: () => void) => {
      pauses.push(delayMs)
      setImmediate(work)
      return () => {}
    },
  } as unknown as Clock
  return { pauses, parts: { clock, random: new SeededRandom(1) } }
}

const fault = (code: string): Error => Object.assign(new Error(`failed with ${code}`), { code })

test.each(['40001', '40P01', '55P03'])(
  '[X5] a transaction that others were in the way of (%s) is done again',
  async (code) => {
    const { pauses, parts } = setUp()
    const faults = [fault(code), fault(code)]
    const work = () => (faults.length > 0 ? Promise.reject(faults.shift()!) : Promise.resolve('done'))
    expect(await withRetries(parts, work)).toBe('done')
    expect(pauses).toHaveLength(2)
  },
)

test('[X5] it is tried five times at most, with pauses that are jittered and bounded', async () => {
  const { pauses, parts } = setUp()
  let tries = 0
  const work = () => {
    tries++
    return Promise.reject(fault('40P01'))
  }
  await expect(withRetries(parts, work)).rejects.toThrow('failed with 40P01')
  expect(tries).toBe(5)
  expect(new Set(pauses).size).toBe(4)
  expect(Math.max(...pauses)).toBeLessThan(100)
})

test.each(['23505', 'ECONNRESET', '57P01', ''])(
  '[X5] anything else (%j) is not tried again: it may have been done',
  async (code) => {
    const { pauses, parts } = setUp()
    await expect(withRetries(parts, () => Promise.reject(fault(code)))).rejects.toThrow('failed with')
    expect(pauses).toEqual([])
  },
)
