import { createParamDecorator, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common'
import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { FastifyRequest } from 'fastify'
import type { Login } from '../domain/identity.js'
import { refuse } from '../refusal.js'

/** Who an OpenID token of ours stands for, and until when. */
export type Bearer = Readonly<{
  pool: IdentityPoolId
  identity: IdentityId
  /** As whom its bearer signed in; null for a guest. */
  login: Login | null
  /** Epoch milliseconds. */
  expiresAt: number
}>

/** Judges OpenID tokens where they are shown instead of a signature. */
export interface BearerVerifier {
  /** Refuses with ExpiredToken, InvalidIdentityToken or NotAuthorized. */
  admit(token: string): Promise<Bearer>
  /** Whether what a token once said is still so: its identity is there, not disabled, and still has that login. */
  stands(bearer: Bearer): Promise<boolean>
  /** Those of which {@link stands} would say so, by few questions to the store however many they are. */
  thoseStanding(bearers: readonly Bearer[]): Promise<ReadonlySet<Bearer>>
}

export const BEARER_VERIFIER = 'satchel:bearer-verifier'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent the request; set by the guard of a handler that takes a bearer token. */
    bearer?: Bearer
  }
}

/** Lets in HTTP requests that carry an OpenID token of ours in `Authorization: Bearer …`. */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(@Inject(BEARER_VERIFIER) private readonly verifier: BearerVerifier) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>()
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) refuse('MissingAuthenticationToken', 'send Authorization: Bearer and an OpenID token')
    request.bearer = await this.verifier.admit(token)
    return true
  }
}

const BEARER = /^Bearer +([\w.~+/=-]+) *$/i

/** The sender of the request, in a handler that takes a bearer token. */
export const CurrentBearer = createParamDecorator((_: unknown, context: ExecutionContext): Bearer => {
  const { bearer } = context.switchToHttp().getRequest<FastifyRequest>()
  if (bearer === undefined) throw new Error('a handler asks for the bearer without taking a bearer token')
  return bearer
})
