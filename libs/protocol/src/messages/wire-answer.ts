import { errorCodes, type ErrorCode } from '../error-codes.js'
import type { Parsed } from '../violation.js'
import { MESSAGE_LENGTH_MAX } from './bounds.js'
import { exactly, flag, integer, nullOr, parserOf, text, type Check } from './shape.js'

/** How every message is answered: on a socket through its acknowledgement, over HTTP as the body. */
export type WireAnswer<Answer> = Readonly<{ ok: true; answer: Answer }> | Readonly<{ ok: false; error: WireError }>

/** A refused message. Nothing of it was applied. Also what a socket is told, as `closing`, before the server ends it. */
export type WireError = Readonly<{
  code: ErrorCode
  message: string
  /** Not to be tried again any sooner; null where the code's own rule decides. */
  retryAfterMs: number | null
}>

/** One of the closed table. */
export const codeCheck: Check = (sent) =>
  typeof sent === 'string' && Object.hasOwn(errorCodes, sent)
    ? null
    : { at: '', sent: {}, constraint: 'Member must be a known code' }

export const messageCheck = text({ max: MESSAGE_LENGTH_MAX })

const wireError = exactly<WireError>({ code: codeCheck, message: messageCheck, retryAfterMs: nullOr(integer()) })

export const parseWireError = parserOf<WireError>(wireError)

/** Parses an answer by the parser of what it answers; a refusal needs none. */
export function parseWireAnswer<Answer>(
  sent: unknown,
  parseAnswer: (sent: unknown) => Parsed<Answer>,
): Parsed<WireAnswer<Answer>> {
  const answer: Check = (inner) => {
    const found = parseAnswer(inner)
    return found.ok ? null : { at: found.violation.at, sent: {}, constraint: found.violation.constraint }
  }
  const shape =
    (sent as { ok?: unknown } | null)?.ok === true
      ? exactly({ ok: flag, answer })
      : exactly({ ok: flag, error: wireError })
  return parserOf<WireAnswer<Answer>>(shape)(sent)
}
