import type { IdentityId } from '@satchel/protocol'
import type { Proof } from '../domain/identity-access.js'
import type { StoredPool } from '../domain/identity-pool.js'
import { invalidLoginToken, loginsDoNotMatch, notAPublicProvider, unsupportedProvider } from './refusals.js'
import type { OpenIdTokens, TokenClaims } from './openid-tokens.js'

/** The key under which Logins carry a token of the pool itself. */
export const OWN_PROVIDER = 'cognito-identity.amazonaws.com'

/** Provider names to tokens, as a caller sent them. */
export type Logins = ReadonlyMap<string, string>

/** Refuses providers that cannot prove anything here: all but the pool itself, for now (I19). */
export function refuseOtherProviders(logins: Logins, pool: StoredPool): void {
  for (const provider of logins.keys()) {
    if (provider === OWN_PROVIDER) continue
    throw provider === pool.settings.developerProvider ? notAPublicProvider() : unsupportedProvider()
  }
}

/** Verifies the tokens that callers show for an identity. */
export class LoginProofs {
  constructor(private readonly tokens: OpenIdTokens) {}

  /** What the Logins prove about an identity; one that proves nothing refuses the call as a whole (I20). */
  async judge(logins: Logins, pool: StoredPool, identity: IdentityId): Promise<Proof> {
    refuseOtherProviders(logins, pool)
    const token = logins.get(OWN_PROVIDER)
    if (token === undefined) return { kind: 'none' }
    const claims = await this.believe(token)
    if (claims.pool !== pool.pool || claims.identity !== identity) throw loginsDoNotMatch()
    return claims.login === null ? { kind: 'guest' } : { kind: 'login', login: claims.login }
  }

  private async believe(token: string): Promise<TokenClaims> {
    const verdict = await this.tokens.verify(token)
    switch (verdict.kind) {
      case 'valid':
        return verdict.claims
      case 'malformed':
        throw invalidLoginToken('Not a valid OpenId Connect identity token.')
      case 'foreign':
        throw invalidLoginToken('Not a Cognito token.')
      case 'unverified':
        throw invalidLoginToken("Couldn't verify signed token.")
      case 'expired':
        throw invalidLoginToken(`Token expired: ${verdict.now} >= ${verdict.expiredAt}`)
    }
  }
}
