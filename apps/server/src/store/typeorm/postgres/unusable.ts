import { addressOf } from './address-of.js'
import { faultCodeOf } from './fault-code.js'

/** What says, in a sentence, that a database cannot be used, and which. */
export function unusable(url: string, cause: unknown): Error {
  // What several addresses of a name said is put together without words.
  const why = (cause as Error).message || faultCodeOf(cause)
  return new Error(`the database at ${addressOf(url)} cannot be used: ${why}`, { cause })
}
