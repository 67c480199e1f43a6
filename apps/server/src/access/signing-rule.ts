import {
  applyDecorators,
  createParamDecorator,
  SetMetadata,
  UseGuards,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import { BearerGuard } from './bearer.js'
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
  /** An HTTP request with a bearer token; the guard for that stands behind the one for signatures. */
  | Readonly<{ kind: 'bearer' }>
  /** A message on a socket whose token was verified as it connected. */
  | Readonly<{ kind: 'connected' }>

export const SIGNING_RULE = 'satchel:signing-rule'

/** Lets in requests that are signed for a service, and nobody else. */
export const SignedFor = (service: SigningService): CustomDecorator => rule({ kind: 'signed', service })

/** Lets everybody in; credentials, if there are any, are not looked at and have no effect. */
export const Unsigned = (): CustomDecorator => rule({ kind: 'unsigned' })

/** Leaves it to the handler, which learns from the body which operation is meant and asks the CallerVerifier then. */
export const VerifiedInside = (): CustomDecorator => rule({ kind: 'verified-inside' })

/** Lets in HTTP requests that carry an OpenID token of ours, and nobody else. */
export const BearerOnly = () => applyDecorators(rule({ kind: 'bearer' }), UseGuards(BearerGuard))

/** Lets in messages of a socket that is connected, since only a verified token connects one. */
export const ConnectedOnly = (): CustomDecorator => rule({ kind: 'connected' })

/** The sender of the request, in a handler that is signed. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>()
  if (caller === undefined) throw new Error('a handler asks for the caller without being signed')
  return caller
})

const rule = (said: SigningRule): CustomDecorator => SetMetadata(SIGNING_RULE, said)
