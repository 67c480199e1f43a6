import type { ErrorCode } from '../error-codes.js'

/** How every message is answered: on a socket through its acknowledgement, over HTTP as the body. */
export type WireAnswer<Answer> = Readonly<{ ok: true; answer: Answer }> | Readonly<{ ok: false; error: WireError }>

/** A refused message. Nothing of it was applied. Also what a socket is told, as `closing`, before the server ends it. */
export type WireError = Readonly<{
  code: ErrorCode
  message: string
  /** Not to be tried again any sooner; null where the code's own rule decides. */
  retryAfterMs: number | null
}>
