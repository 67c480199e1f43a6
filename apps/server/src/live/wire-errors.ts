import { violationMessage, type Parsed, type WireError } from '@satchel/protocol'
import { Refusal } from '../refusal.js'

/** What the other end is told of something thrown; null for a defect, of which it learns nothing. */
export function wireErrorOf(thrown: unknown): WireError | null {
  if (!(thrown instanceof Refusal)) return null
  const { code, message, retryAfterSeconds } = thrown
  return { code, message, retryAfterMs: retryAfterSeconds === undefined ? null : Math.ceil(retryAfterSeconds * 1_000) }
}

export const DEFECT: WireError = { code: 'InternalError', message: 'An internal error occurred.', retryAfterMs: null }

/** The parsed message; refuses one that is not as it has to be. */
export function accepted<T>(found: Parsed<T>): T {
  if (found.ok) return found.value
  throw new Refusal('InvalidParameter', violationMessage([found.violation]))
}

/** Also tells when to come back: by then another node answers, or this one is up again. */
export const STOPPING: WireError = {
  code: 'ServiceUnavailable',
  message: 'the server is stopping',
  retryAfterMs: 1_000,
}
