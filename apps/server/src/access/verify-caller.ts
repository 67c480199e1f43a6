import type { KeyObject } from 'node:crypto'
import { refuse } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'
import type { Authorization } from './authorization.js'
import type { Caller } from './caller.js'
import type { IdentityStanding } from './identity-standing.js'
import { RecentCache } from './recent-cache.js'
import { signingKey } from './signature.js'
import { claimedSignature, refuseFalseSignature, type SignedRequest, type SigningService } from './signed-request.js'
import {
  TEMPORARY_PREFIX,
  type IdentityCaller,
  type OpenedCredentials,
  type TemporaryCredentials,
} from './temporary-credentials.js'

export type { SignedRequest, SigningService } from './signed-request.js'

/** The account's own credentials. */
export type AccountCredentials = Readonly<{ accessKeyId: string; secretAccessKey: string }>

type OpenedToken = OpenedCredentials & Readonly<{ sessionToken: string }>

/** Who claims to call, and the secret that only they have. */
type Claimed = Readonly<{ caller: Caller; secretAccessKey: string }>

/** Most signing keys and most session tokens remembered; about 1 KB for both of a key. */
export const REMEMBERED_MAX = 8_192

/**
 * Tells from its signature who sent a request. Every signed operation of every face goes through here, and nothing
 * else decides who a caller is.
 *
 * Checks, in order: form, place and time of the signature; whether the key is known; the signature; whether the
 * credentials still hold. So nobody without the secret learns more than whether an access key id exists (A10).
 */
export class CallerVerifier {
  private readonly keysByCredential = new RecentCache<string, KeyObject>(REMEMBERED_MAX)
  /** By access key id: a token is long, and hashing a new copy of it for every request costs more than comparing it. */
  private readonly openedTokens = new RecentCache<string, OpenedToken>(REMEMBERED_MAX)

  constructor(
    private readonly deps: Readonly<{
      account: AccountCredentials
      accountId: string
      region: string
      temporaryCredentials: TemporaryCredentials
      standing: IdentityStanding
      clock: Clock
    }>,
  ) {}

  /** Resolves to the sender of a request; refuses one that nobody we know has signed for this service. */
  async verify(request: SignedRequest, service: SigningService): Promise<Caller> {
    const { region, clock } = this.deps
    const claimed = claimedSignature(request, { region, service, nowMs: clock.now() })
    const { caller, secretAccessKey } = this.claimedCaller(claimed.authorization.accessKeyId, claimed.sessionToken)
    refuseFalseSignature(claimed, request.body, this.signingKey(claimed.authorization, secretAccessKey))
    if (caller.kind === 'identity') await this.refuseEnded(caller)
    return caller
  }

  /** Whose key it is; the account's comes without a session token, all others must have one that fits (K5). */
  private claimedCaller(accessKeyId: string, sessionToken: string | undefined): Claimed {
    const { account, accountId } = this.deps
    if (accessKeyId === account.accessKeyId && sessionToken === undefined) {
      return { caller: { kind: 'account', accountId, accessKeyId }, secretAccessKey: account.secretAccessKey }
    }
    if (!accessKeyId.startsWith(TEMPORARY_PREFIX) || sessionToken === undefined) refuseUnknown()
    return this.openedToken(accessKeyId, sessionToken) ?? refuseUnknown()
  }

  private openedToken(accessKeyId: string, sessionToken: string): OpenedCredentials | null {
    const held = this.openedTokens.get(accessKeyId)
    if (held?.sessionToken === sessionToken) return held
    const opened = this.deps.temporaryCredentials.open(accessKeyId, sessionToken)
    if (opened !== null) this.openedTokens.set(accessKeyId, { ...opened, sessionToken })
    return opened
  }

  /** Only for a key that is known and a scope that is ours, so that strangers cannot fill the cache. */
  private signingKey(authorization: Authorization, secretAccessKey: string): KeyObject {
    const held = this.keysByCredential.get(authorization.credential)
    if (held !== undefined) return held
    const key = signingKey(secretAccessKey, authorization)
    this.keysByCredential.set(authorization.credential, key)
    return key
  }

  /** Credentials end when their time is over (K6), and with the identity they were given to (K7). */
  private async refuseEnded({ identity, pool, expiresAt }: IdentityCaller): Promise<void> {
    if (this.deps.clock.now() >= expiresAt) {
      refuse('ExpiredToken', 'The security token included in the request is expired')
    }
    if (!(await this.deps.standing.isActive(identity, pool))) {
      refuse('NotAuthorized', `Access to Identity '${identity}' is forbidden.`)
    }
  }
}

function refuseUnknown(): never {
  refuse('UnrecognizedClient', 'The security token included in the request is invalid.')
}
