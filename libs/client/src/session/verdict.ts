import { errorCodes, type ErrorCode } from '@satchel/protocol'
import { asError } from '../as-error.js'
import { ConnectionFault } from '../transport/transport.js'

/**
 * What a fault asks for: a token anew; a pause on the connection that stands; another message, since this one
 * will never be taken; or another connection.
 */
export type Verdict = 'token' | 'pause' | 'message' | 'connection'

const ABOUT_TOKENS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'AccessDenied',
  'InvalidIdentityToken',
  'MissingAuthenticationToken',
  'NotAuthorized',
])

const ABOUT_MESSAGES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'InvalidParameter',
  'LimitExceeded',
  'RequestTooLarge',
  'Serialization',
  'Validation',
])

export function verdictOn(fault: unknown): Verdict {
  const code = fault instanceof ConnectionFault && fault.kind === 'refused' ? fault.error?.code : undefined
  if (code === undefined) return 'connection'
  const { retry } = errorCodes[code]
  if (retry === 'after-new-credentials' || ABOUT_TOKENS.has(code)) return 'token'
  if (retry === 'after-delay') return 'pause'
  return ABOUT_MESSAGES.has(code) ? 'message' : 'connection'
}

/** What the server asked to wait at least; null if it named no time. */
export const retryAfterMsOf = (fault: unknown): number | null =>
  fault instanceof ConnectionFault ? (fault.error?.retryAfterMs ?? null) : null

export const wordsOf = (fault: unknown): string => asError(fault).message
