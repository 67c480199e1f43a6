import type { ErrorCode } from '@satchel/protocol'
import { violationMessage, type Violation } from '@satchel/protocol'

/**
 * A request refused at an edge, with a code from the closed table. Faces turn it into their own form;
 * nothing else is ever shown to a caller.
 */
export class Refusal extends Error {
  readonly retryAfterSeconds: number | undefined

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: Readonly<{ retryAfterSeconds?: number; cause?: unknown }> = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Refusal'
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** Refuses a request. */
export function refuse(code: ErrorCode, message: string, options?: Readonly<{ retryAfterSeconds?: number }>): never {
  throw new Refusal(code, message, options)
}

/** Refuses a message for its shape; the identity face says Validation, the sync face InvalidParameter. */
export function refuseViolations(code: ErrorCode, violations: readonly Violation[]): never {
  throw new Refusal(code, violationMessage(violations))
}
