import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import { refuse } from '../refusal.js'
import { SIGNING_RULE, type SigningRule } from './signing-rule.js'
import { CallerVerifier, type SignedRequest } from './verify-caller.js'

/**
 * Stands in front of every handler: without `@SignedFor`, `@Unsigned`, `@VerifiedInside`, `@BearerOnly` or `@ConnectedOnly` on the handler itself nobody
 * gets in, so a forgotten line closes an operation and never opens one (A11).
 */
@Injectable()
export class SignedGuard implements CanActivate {
  constructor(private readonly verifier: CallerVerifier) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = Reflect.getOwnMetadata(SIGNING_RULE, context.getHandler()) as SigningRule | undefined
    const isMessage = context.getType() === 'ws'
    if (rule === undefined || isMessage !== (rule.kind === 'connected') || (!isMessage && context.getType() !== 'http'))
      return refuse('NotAuthorized', 'this operation is not open to anybody')
    switch (rule.kind) {
      case 'signed': {
        const request = context.switchToHttp().getRequest<FastifyRequest>()
        request.caller = await this.verifier.verify(signedRequestOf(request), rule.service)
        return true
      }
      case 'unsigned':
      case 'verified-inside':
      case 'bearer': // its own guard comes next
      case 'connected':
        return true
    }
  }
}

/**
 * A request as its signer saw it: the target as sent, before `rewriteUrl`, and the method as overridden, which is the
 * one that such clients sign. The body must be the raw bytes; a request without one has none.
 */
export function signedRequestOf(request: FastifyRequest): SignedRequest {
  const body: unknown = request.body
  if (body !== undefined && body !== null && !Buffer.isBuffer(body)) {
    throw new Error('the body was parsed before its signature was verified')
  }
  return {
    method: request.raw.method ?? '',
    target: request.originalUrl,
    rawHeaders: request.raw.rawHeaders,
    body: body ?? NO_BODY,
  }
}

const NO_BODY = Buffer.alloc(0)
