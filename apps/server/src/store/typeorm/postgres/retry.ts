import type { Clock } from '../../../runtime/clock.js'
import { chance } from '../../../runtime/chance.js'
import type { Random } from '../../../runtime/random.js'
import { faultCodeOf } from './fault-code.js'

/** How often a transaction is tried at most. */
const ATTEMPTS_MAX = 5
const PAUSE_MS = 5

/** Serialization failure, deadlock, lock not available: the whole transaction may go another way next time. */
const AGAIN = new Set(['40001', '40P01', '55P03'])

/**
 * Does `work` again, after a jittered pause that doubles, as long as the database says that only others were in its way. What fails otherwise, and
 * what fails for the fifth time, is thrown.
 */
export async function withRetries<T>(
  { clock, random }: Readonly<{ clock: Clock; random: Random }>,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (cause) {
      if (attempt === ATTEMPTS_MAX || !AGAIN.has(faultCodeOf(cause))) throw cause
      const share = chance(random)
      await new Promise<void>((resolve) => clock.after(PAUSE_MS * 2 ** attempt * share, resolve))
    }
  }
}
