import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { IssuedCredentials, TemporaryCredentials } from '../access/temporary-credentials.js'
import { judgeAccess, type Access } from '../domain/identity-access.js'
import { basicFlowFault, type StoredPool } from '../domain/identity-pool.js'
import { refuse } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { IdentityStore } from '../store/identity-store.js'
import type { PoolStore } from '../store/pool-store.js'
import type { AddressBudget } from './address-budget.js'
import { OWN_PROVIDER, refuseOtherProviders, type LoginProofs, type Logins } from './login-proofs.js'
import type { OpenIdTokens } from './openid-tokens.js'
import type { Place } from './place.js'
import {
  basicFlowClosed,
  forbiddenIdentity,
  guestsNotAllowed,
  invalidLoginToken,
  loginsDoNotMatch,
  noRole,
  unknownIdentity,
  unknownPool,
} from './refusals.js'

/** Life of a token that an app asks for itself. */
export const TOKEN_LIFE_SECONDS = 600

/** Life of credentials of the enhanced flow; longer ones are nowhere to be had there. */
export const CREDENTIALS_LIFE_SECONDS = 3_600

/** As AWS names the sessions of the enhanced flow. */
const SESSION_NAME = 'CognitoIdentityCredentials'

type Granted = Extract<Access, { kind: 'guest' | 'authenticated' }>

/** What apps do without any credentials: become somebody, and get tokens and credentials for it. */
export class PublicFlows {
  constructor(
    private readonly deps: Readonly<{
      identities: IdentityStore
      pools: PoolStore
      tokens: OpenIdTokens
      proofs: LoginProofs
      credentials: TemporaryCredentials
      budget: AddressBudget
      place: Place
      clock: Clock
      random: Random
    }>,
  ) {}

  /** A new guest at every call (I15), as often as one address may (I16). */
  async getId(
    id: IdentityPoolId,
    { logins, address }: Readonly<{ logins: Logins; address: string }>,
  ): Promise<IdentityId> {
    const { budget, clock, identities, place, random } = this.deps
    const pool = await this.pool(id)
    refuseOtherProviders(logins, pool)
    refuseOwnTokens(logins)
    if (!pool.settings.allowUnauthenticated) throw guestsNotAllowed()
    const retryAfterSeconds = budget.take(address)
    if (retryAfterSeconds > 0) {
      refuse('TooManyRequests', 'Too many new identities were asked for from this address', { retryAfterSeconds })
    }
    const identity = `${place.region}:${random.uuid()}` as IdentityId
    if (!(await identities.createGuest({ identity, pool: id, at: clock.now() }))) throw unknownPool(id)
    return identity
  }

  /** The basic flow's token, which STS takes (I10). */
  async openIdToken(identity: IdentityId, logins: Logins): Promise<string> {
    const { pool, access } = await this.enter(identity, logins)
    const closed = basicFlowFault(pool)
    if (closed !== null) throw basicFlowClosed(closed)
    refuseOwnTokens(logins)
    return this.deps.tokens.issue({
      pool: pool.pool,
      identity,
      login: access.kind === 'guest' ? null : access.login,
      principalTags: new Map(),
      lifeSeconds: TOKEN_LIFE_SECONDS,
    })
  }

  /** The enhanced flow's credentials, in the role that the pool has for this kind of caller (I21). */
  async credentialsFor(
    identity: IdentityId,
    { logins, customRoleArn }: Readonly<{ logins: Logins; customRoleArn: string | null }>,
  ): Promise<IssuedCredentials> {
    const { pool, access } = await this.enter(identity, logins)
    if (customRoleArn !== null) {
      refuse('NotAuthorized', 'CustomRoleArn needs a login whose token names its roles; none of these logins has one')
    }
    return this.deps.credentials.issue({
      pool: pool.pool,
      identity,
      authenticated: access.kind === 'authenticated',
      roleArn: roleFor(pool, access),
      sessionName: SESSION_NAME,
      lifeSeconds: CREDENTIALS_LIFE_SECONDS,
    })
  }

  /** Judges what the caller shows, and answers as what it may act for the identity. */
  private async enter(identity: IdentityId, logins: Logins): Promise<Readonly<{ pool: StoredPool; access: Granted }>> {
    const found = await this.deps.identities.find(identity)
    if (found === null) throw unknownIdentity(identity)
    const pool = await this.deps.pools.find(found.pool)
    if (pool === null) throw unknownIdentity(identity)
    const access = judgeAccess(found, await this.deps.proofs.judge(logins, pool, identity))
    if (access.kind === 'refuse') throw access.why === 'forbidden' ? forbiddenIdentity(identity) : loginsDoNotMatch()
    if (access.kind === 'guest' && !pool.settings.allowUnauthenticated) throw guestsNotAllowed()
    return { pool, access }
  }

  private async pool(id: IdentityPoolId): Promise<StoredPool> {
    const pool = await this.deps.pools.find(id)
    if (pool === null) throw unknownPool(id)
    return pool
  }
}

/** Else a token could be exchanged for a fresh one for ever, and never expire (I19). */
function refuseOwnTokens(logins: Logins): void {
  if (logins.has(OWN_PROVIDER)) throw invalidLoginToken("Can't pass in a Cognito token.")
}

/**
 * A mapping for the login's own provider decides first. Developer logins carry no claims, so none of its rules
 * matches, and it comes to what the mapping says for that case.
 */
function roleFor({ roles }: StoredPool, access: Granted): string {
  if (access.kind === 'guest') return roles.unauthenticated ?? refuseWithoutRole()
  if (roles.mappings.get(access.login.provider)?.AmbiguousRoleResolution === 'Deny') {
    refuse('NotAuthorized', 'No role mapping of this identity pool matches the login, and the pool denies access then')
  }
  return roles.authenticated ?? refuseWithoutRole()
}

const refuseWithoutRole = (): never => {
  throw noRole()
}
