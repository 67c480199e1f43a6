import { Refusal } from '../../../refusal.js'
import { faultCodeOf } from './fault-code.js'

const RETRY_AFTER_SECONDS = 1

/** By class: connection exception, transaction rollback, insufficient resources (a full disk too), operator intervention. */
const CLASSES = ['08', '40', '53', '57']
/** Lock not available; read-only transaction, as after a failover to a standby; a transaction that sat too long between two statements. */
const CODES = ['55P03', '25006', '25P03', '25P04']
/** What Node says of a network. */
const SYSTEM = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]
/** What `pg` says without a code. */
const WORDS = /Connection terminated|timeout exceeded when trying to connect|not queryable|Query read timeout/

/**
 * Turns what says that the database is away or overloaded into a refusal, so that callers are told to come again; anything else is given back as it is.
 * Whether what was asked for was done is then unknown.
 */
export function unavailable(cause: unknown): unknown {
  const code = faultCodeOf(cause)
  const known = CLASSES.includes(code.slice(0, 2)) && code.length === 5
  if (!known && !CODES.includes(code) && !SYSTEM.includes(code) && !WORDS.test(String(cause))) return cause
  const options = { retryAfterSeconds: RETRY_AFTER_SECONDS, cause }
  return new Refusal('ServiceUnavailable', 'the database does not answer; sending it again is safe', options)
}
