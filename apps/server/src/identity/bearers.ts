import type { Bearer, BearerVerifier } from '../access/bearer.js'
import { judgeAccess } from '../domain/identity-access.js'
import { Refusal } from '../refusal.js'
import type { IdentityStore } from '../store/identity-store.js'
import type { PoolStore } from '../store/pool-store.js'
import type { OpenIdTokens } from './openid-tokens.js'
import { forbiddenIdentity } from './refusals.js'

/** Takes this server's own OpenID tokens from those who show nothing else, while what they say is still so (NB5). */
export class Bearers implements BearerVerifier {
  constructor(private readonly deps: Readonly<{ identities: IdentityStore; pools: PoolStore; tokens: OpenIdTokens }>) {}

  async admit(token: string): Promise<Bearer> {
    const verdict = await this.deps.tokens.verify(token)
    switch (verdict.kind) {
      case 'malformed':
      case 'foreign':
      case 'unverified':
        throw new Refusal('InvalidIdentityToken', 'the token is not an OpenID token of this server')
      case 'expired':
        throw new Refusal('ExpiredToken', `the token ended at ${verdict.expiredAt} and now is ${verdict.now}`)
      case 'valid': {
        const bearer: Bearer = { ...verdict.claims, expiresAt: verdict.expiresAt }
        if (!(await this.stands(bearer))) throw forbiddenIdentity(bearer.identity)
        return bearer
      }
    }
  }

  async stands({ pool, identity, login }: Bearer): Promise<boolean> {
    const held = await this.deps.pools.find(pool)
    const found = await this.deps.identities.find(identity)
    if (held === null || found === null || found.pool !== pool) return false
    const access = judgeAccess(found, login === null ? { kind: 'guest' } : { kind: 'login', login })
    return access.kind === 'authenticated' || (access.kind === 'guest' && held.settings.allowUnauthenticated)
  }
}
