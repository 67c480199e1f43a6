import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../access/caller.js'
import { signedRequestOf } from '../../access/signed.guard.js'
import type { CallerVerifier } from '../../access/verify-caller.js'
import type { IdentityService } from '../../identity/identity-service.js'
import { assumedRole, type Place } from '../../identity/place.js'
import { refuse } from '../../refusal.js'
import { parseJsonObject } from '../http/parse-json.js'
import '../http/request-facts.js'
import { identityOperations } from './identity-operations.js'
import type { Operation } from './operation.js'
import { poolOperations } from './pool-operations.js'

/** Operations of the service that this server does not have. */
const NOT_IMPLEMENTED = new Set([
  'GetPrincipalTagAttributeMap',
  'ListTagsForResource',
  'MergeDeveloperIdentities',
  'SetPrincipalTagAttributeMap',
  'TagResource',
  'UnlinkDeveloperIdentity',
  'UnlinkIdentity',
  'UntagResource',
])

const TARGET = /^AWSCognitoIdentityService\.(\w{1,64})$/

/** Reads `X-Amz-Target`, sees to it that the caller may, and lets the operation do the rest. */
export class IdentityFace {
  private readonly operationsByName: ReadonlyMap<string, Operation>

  constructor(
    service: IdentityService,
    private readonly deps: Readonly<{ verifier: Pick<CallerVerifier, 'verify'>; place: Place }>,
  ) {
    this.operationsByName = new Map(Object.entries({ ...poolOperations(service), ...identityOperations(service) }))
  }

  /** The answer's members; every fault is a Refusal. */
  async answer(request: FastifyRequest): Promise<object> {
    const name = operationName(request.headers['x-amz-target'])
    const operation = this.operationsByName.get(name)
    if (operation === undefined) return refuseUnknown(name)
    request.operation = name
    const signed = signedRequestOf(request)
    // Who may not call an operation learns nothing about its input, so this comes before any look at the body.
    if (operation.signed) this.refuseOthers(await this.deps.verifier.verify(signed, 'cognito-identity'), name)
    return operation.handle(parseJsonObject(signed.body), { address: request.clientAddress })
  }

  /** Identities may call nothing that is signed here: all of it belongs to the account (I30). */
  private refuseOthers(caller: Caller, operation: string): void {
    if (caller.kind === 'account') return
    const { arn } = assumedRole(this.deps.place, caller)
    refuse('AccessDenied', `User: ${arn} is not authorized to perform: cognito-identity:${operation}`)
  }
}

function operationName(target: string | readonly string[] | undefined): string {
  const name = typeof target === 'string' ? TARGET.exec(target)?.[1] : undefined
  return name ?? refuse('UnknownOperation', 'X-Amz-Target names no operation of AWSCognitoIdentityService')
}

function refuseUnknown(name: string): never {
  if (NOT_IMPLEMENTED.has(name)) refuse('UnknownOperation', `The operation ${name} is not implemented by this server`)
  refuse('UnknownOperation', `AWSCognitoIdentityService has no operation ${name}`)
}
