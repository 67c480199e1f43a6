import { prepared } from './prepared.js'

/**
 * Keeps what follows in the transaction to look-ups by key, in the order of the key. A table that grows by a million rows between two looks of the
 * planner at it would otherwise be read whole, and sorted, for each few hundred of them.
 */
export const BY_KEY =
  prepared(`SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true),
  set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`)
