import { createParamDecorator, SetMetadata, type CustomDecorator, type ExecutionContext } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import type { Caller } from './caller.js'
import type { SigningService } from './signed-request.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent the request; set by the guard of a signed handler. */
    caller?: Caller
  }
}

/** What a handler says about signatures; one that says nothing is closed. */
export type SigningRule =
  | Readonly<{ kind: 'signed'; service: SigningService }>
  | Readonly<{ kind: 'unsigned' }>
  | Readonly<{ kind: 'verified-inside' }>

export const SIGNING_RULE = 'satchel:signing-rule'

/** Lets in requests that are signed for a service, and nobody else. */
export const SignedFor = (service: SigningService): CustomDecorator => rule({ kind: 'signed', service })

/** Lets everybody in; credentials, if there are any, are not looked at and have no effect. */
export const Unsigned = (): CustomDecorator => rule({ kind: 'unsigned' })

/** Leaves it to the handler, which learns from the body which operation is meant and asks the CallerVerifier then. */
export const VerifiedInside = (): CustomDecorator => rule({ kind: 'verified-inside' })

/** The sender of the request, in a handler that is signed. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>()
  if (caller === undefined) throw new Error('a handler asks for the caller without being signed')
  return caller
})

const rule = (said: SigningRule): CustomDecorator => SetMetadata(SIGNING_RULE, said)
