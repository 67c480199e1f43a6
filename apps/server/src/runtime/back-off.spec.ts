import { SeededRandom } from './testing/seeded-random.js'
import { BACK_OFF_MS_MAX, BACK_OFF_MS_MIN, backOffMs } from './back-off.js'

const waits = (failures: number) => {
  const random = new SeededRandom(failures)
  return Array.from({ length: 2_000 }, () => backOffMs(failures, random))
}

test('[V29] waits are spread over all that is allowed, which doubles up to a bound', () => {
  for (const [failures, bound] of [
    [1, 100],
    [2, 200],
    [5, 1_600],
    [7, 5_000],
    [1_000_000, BACK_OFF_MS_MAX],
  ] as const) {
    const found = waits(failures)
    expect(Math.max(...found)).toBeLessThanOrEqual(bound)
    expect(Math.max(...found)).toBeGreaterThan(bound * 0.98)
    expect(Math.min(...found)).toBeLessThan(bound * 0.11)
    const middle = found.reduce((sum, ms) => sum + ms, 0) / found.length
    expect(middle / bound).toBeCloseTo(0.5, 1)
  }
})

test('[V29] no wait is so short that a processor is kept busy', () => {
  expect(Math.min(...waits(1), ...waits(9))).toBeGreaterThanOrEqual(BACK_OFF_MS_MIN)
})
