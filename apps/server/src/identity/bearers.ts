import type { IdentityPoolId } from '@satchel/protocol'
import type { Bearer, BearerVerifier } from '../access/bearer.js'
import { judgeAccess } from '../domain/identity-access.js'
import { Refusal } from '../refusal.js'
import type { IdentityStore, StoredIdentity } from '../store/identity-store.js'
import type { PoolStore, StoredPool } from '../store/pool-store.js'
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

  async stands(bearer: Bearer): Promise<boolean> {
    return (await this.thoseStanding([bearer])).has(bearer)
  }

  async thoseStanding(bearers: readonly Bearer[]): Promise<ReadonlySet<Bearer>> {
    const { pools, identities } = this.deps
    const poolsById = new Map<IdentityPoolId, StoredPool | null>()
    for (const pool of new Set(bearers.map((bearer) => bearer.pool))) poolsById.set(pool, await pools.find(pool))
    const found = await identities.findSeveral([...new Set(bearers.map(({ identity }) => identity))])
    const identitiesById = new Map(found.map((identity) => [identity.identity, identity]))
    return new Set(
      bearers.filter((bearer) => stillStands(bearer, poolsById.get(bearer.pool), identitiesById.get(bearer.identity))),
    )
  }
}

function stillStands(
  { pool, login }: Bearer,
  held: StoredPool | null | undefined,
  found: StoredIdentity | undefined,
): boolean {
  if (held === null || held === undefined || found?.pool !== pool) return false
  const access = judgeAccess(found, login === null ? { kind: 'guest' } : { kind: 'login', login })
  return access.kind === 'authenticated' || (access.kind === 'guest' && held.settings.allowUnauthenticated)
}
