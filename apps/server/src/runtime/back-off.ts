import { chance } from './chance.js'
import type { Random } from './random.js'

/** The longest first wait after a failure, milliseconds. */
const BASE_MS = 100

/** No wait is longer, milliseconds: about so soon after what was away is back, work goes on. */
export const BACK_OFF_MS_MAX = 5_000

/** The shortest one: what refuses at once must not keep a processor busy. */
export const BACK_OFF_MS_MIN = 10

/**
 * How long to wait after so many failures in a row (1 for the first): anything up to a bound that doubles, so that those who lost the same
 * thing together, a broker or a Redis, do not come back together (V29).
 */
export function backOffMs(failures: number, random: Random): number {
  const bound = Math.min(BACK_OFF_MS_MAX, BASE_MS * 2 ** Math.min(failures - 1, 16))
  return Math.max(BACK_OFF_MS_MIN, Math.round(chance(random) * bound))
}
