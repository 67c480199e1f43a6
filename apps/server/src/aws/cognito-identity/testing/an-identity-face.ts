import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../../access/caller.js'
import type { SignedRequest, SigningService } from '../../../access/verify-caller.js'
import { AnIdentitySide, outcomeOf, PLACE } from '../../../identity/testing/an-identity-side.js'
import { refuse } from '../../../refusal.js'
import { StsFace } from '../../sts/sts-face.js'
import { IdentityFace } from '../identity-face.js'

export const ACCOUNT: Caller = { kind: 'account', accountId: PLACE.accountId, accessKeyId: 'AKIASATCHELSATCHELXX' }

/** Says of every request that a certain caller signed it; null did not sign. It keeps the services asked for. */
export class HeldVerifier {
  caller: Caller | null = ACCOUNT
  readonly asked: SigningService[] = []

  verify(_request: SignedRequest, service: SigningService): Promise<Caller> {
    this.asked.push(service)
    return Promise.resolve(this.caller ?? refuse('MissingAuthenticationToken', 'Missing Authentication Token'))
  }
}

/** Both faces at the root path, over memory stores. */
export class AnIdentityFace extends AnIdentitySide {
  readonly verifier = new HeldVerifier()
  readonly identity = new IdentityFace(this.service, { verifier: this.verifier, place: PLACE })
  readonly sts = new StsFace({ webIdentity: this.service.webIdentity, verifier: this.verifier, place: PLACE })

  /** The answer of an operation, or `Code: message`. */
  call(operation: string, input: object | string = {}): Promise<Record<string, unknown> | string> {
    const body = typeof input === 'string' ? input : JSON.stringify(input)
    const headers = { 'x-amz-target': `AWSCognitoIdentityService.${operation}` }
    return outcomeOf(this.identity.answer(request(body, headers)) as Promise<Record<string, unknown>>)
  }

  /** The answer of an STS action as text, or `Code: message`. */
  callSts(form: Readonly<Record<string, string>> | string): Promise<string> {
    const body = typeof form === 'string' ? form : new URLSearchParams({ Version: '2011-06-15', ...form }).toString()
    return outcomeOf(this.sts.answer(request(body, {})))
  }
}

const request = (body: string, headers: Readonly<Record<string, string>>): FastifyRequest =>
  ({
    id: 'request-1',
    clientAddress: '127.0.0.1',
    headers,
    body: Buffer.from(body),
    originalUrl: '/',
    raw: { method: 'POST', rawHeaders: [] },
  }) as unknown as FastifyRequest
