import type { FastifyRequest } from 'fastify'
import { signedRequestOf } from '../../access/signed.guard.js'
import type { CallerVerifier } from '../../access/verify-caller.js'
import type { Place } from '../../identity/place.js'
import type { WebIdentity } from '../../identity/web-identity.js'
import { refuse } from '../../refusal.js'
import '../http/request-facts.js'
import { assumeRoleWithWebIdentity } from './assume-role-with-web-identity.js'
import { parseForm } from './form.js'
import { getCallerIdentity } from './get-caller-identity.js'
import { stsAnswer, type Xml } from './xml.js'

const VERSION = '2011-06-15'

/** Operations of the service that this server does not have. */
const NOT_IMPLEMENTED = new Set([
  'AssumeRole',
  'AssumeRoleWithSAML',
  'AssumeRoot',
  'DecodeAuthorizationMessage',
  'GetAccessKeyInfo',
  'GetDelegatedAccessToken',
  'GetFederationToken',
  'GetSessionToken',
  'GetWebIdentityToken',
])

/** STS: forms in, XML out. */
export class StsFace {
  constructor(
    private readonly deps: Readonly<{
      webIdentity: WebIdentity
      verifier: Pick<CallerVerifier, 'verify'>
      place: Place
    }>,
  ) {}

  /** The answer's text; every fault is a Refusal. */
  async answer(request: FastifyRequest): Promise<string> {
    const signed = signedRequestOf(request)
    const form = parseForm(signed.body)
    const action = form.get('Action') ?? ''
    if (form.get('Version') !== VERSION) refuse('InvalidAction', `Version has to be ${VERSION}`)
    return stsAnswer(action, await this.result(action, form, request), request.id)
  }

  private async result(action: string, form: ReadonlyMap<string, string>, request: FastifyRequest): Promise<Xml> {
    switch (action) {
      case 'AssumeRoleWithWebIdentity':
        request.operation = action
        return assumeRoleWithWebIdentity(form, this.deps)
      case 'GetCallerIdentity':
        request.operation = action
        return getCallerIdentity(await this.deps.verifier.verify(signedRequestOf(request), 'sts'), this.deps.place)
      default:
        return refuseUnknown(action)
    }
  }
}

function refuseUnknown(action: string): never {
  if (NOT_IMPLEMENTED.has(action)) refuse('InvalidAction', `The operation ${action} is not implemented by this server`)
  refuse('InvalidAction', 'Action names no operation of the Security Token Service')
}
