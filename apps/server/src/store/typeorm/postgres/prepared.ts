import { createHash } from 'node:crypto'

/** A statement that each connection prepares once, under a name of its own. */
export type Prepared = Readonly<{
  name: string
  text: string
  /** Longest that its answer is waited for, milliseconds; as for every other statement where it is not given. */
  query_timeout?: number
}>

/** The texts must be few: every connection remembers all that it was given. */
export const prepared = (text: string): Prepared => ({
  // By content, so that a proxy which shares connections between versions never takes one for another.
  name: `satchel_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`,
  text,
})
