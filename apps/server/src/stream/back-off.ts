import { chance } from '../runtime/chance.js'
import type { Random } from '../runtime/random.js'

/** The longest first wait after a failure, milliseconds. */
const BASE_MS = 100

/** No wait is longer, milliseconds: what waits is relayed about so soon after the broker is back. */
export const BACK_OFF_MS_MAX = 5_000

/** The shortest one: a broker that refuses at once must not keep a processor busy. */
export const BACK_OFF_MS_MIN = 10

/**
 * How long to wait after so many failures in a row (1 for the first): anything up to a bound that doubles, so that streams and servers which lost
 * a broker together do not come back together (V29).
 */
export function backOffMs(failures: number, random: Random): number {
  const bound = Math.min(BACK_OFF_MS_MAX, BASE_MS * 2 ** Math.min(failures - 1, 16))
  return Math.max(BACK_OFF_MS_MIN, Math.round(chance(random) * bound))
}
