/** The longest first wait after a failure. */
export const BACK_OFF_MS_BASE = 500

/** No wait is longer, but for what a server asks. */
export const BACK_OFF_MS_MAX = 60_000

/** A connection that held this long was a good one: failures are counted from one again. */
export const STABLE_MS = 10_000

/**
 * How long to wait after so many failures in a row: anything from nothing to a bound that doubles, so that devices which lost the
 * server together do not come back together. `chance` is from 0 up to 1.
 */
export const backOffMs = (attempt: number, chance: number): number =>
  Math.round(chance * Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_BASE * 2 ** Math.min(attempt - 1, 16)))
