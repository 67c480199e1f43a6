import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { IssuedCredentials, TemporaryCredentials } from '../access/temporary-credentials.js'
import { judgeAccess } from '../domain/identity-access.js'
import { basicFlowFault } from '../domain/identity-pool.js'
import { Refusal } from '../refusal.js'
import type { IdentityStore } from '../store/identity-store.js'
import type { PoolStore } from '../store/pool-store.js'
import type { OpenIdTokens, TokenClaims } from './openid-tokens.js'

export type RoleRequest = Readonly<{ roleArn: string; sessionName: string; token: string; lifeSeconds: number }>

export type AssumedRole = Readonly<{ identity: IdentityId; pool: IdentityPoolId; credentials: IssuedCredentials }>

/** The basic flow's last step: a token of ours for credentials in a role of its pool. */
export class WebIdentity {
  constructor(
    private readonly deps: Readonly<{
      identities: IdentityStore
      pools: PoolStore
      tokens: OpenIdTokens
      credentials: TemporaryCredentials
    }>,
  ) {}

  /**
   * Takes only this server's own tokens (Q1), while what they say is still so (Q3), and only for the role that the pool
   * has for their kind of bearer (Q2).
   */
  async assumeRole({ roleArn, sessionName, token, lifeSeconds }: RoleRequest): Promise<AssumedRole> {
    const claims = await this.believe(token)
    const { identity, pool } = claims
    if (!(await this.mayAssume(claims, roleArn))) {
      throw new Refusal('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity')
    }
    const authenticated = claims.login !== null
    const credentials = this.deps.credentials.issue({
      pool,
      identity,
      authenticated,
      roleArn,
      sessionName,
      lifeSeconds,
    })
    return { identity, pool, credentials }
  }

  private async mayAssume({ pool, identity, login }: TokenClaims, roleArn: string): Promise<boolean> {
    const held = await this.deps.pools.find(pool)
    const found = await this.deps.identities.find(identity)
    if (held === null || found === null || found.pool !== pool || basicFlowFault(held) !== null) return false
    const access = judgeAccess(found, login === null ? { kind: 'guest' } : { kind: 'login', login })
    switch (access.kind) {
      case 'refuse':
        return false
      case 'guest':
        return held.settings.allowUnauthenticated && held.roles.unauthenticated === roleArn
      case 'authenticated':
        return held.roles.authenticated === roleArn
    }
  }

  private async believe(token: string): Promise<TokenClaims> {
    const verdict = await this.deps.tokens.verify(token)
    switch (verdict.kind) {
      case 'valid':
        return verdict.claims
      case 'malformed':
        throw new Refusal(
          'InvalidIdentityToken',
          'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
        )
      case 'foreign':
      case 'unverified':
        throw new Refusal('InvalidIdentityToken', 'The ID Token provided is not an OpenID token of this server')
      case 'expired':
        throw new Refusal(
          'ExpiredWebIdentityToken',
          `Token expired: current date/time ${verdict.now} must be before the expiration date/time ${verdict.expiredAt}`,
        )
    }
  }
}
