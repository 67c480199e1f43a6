import { byCodePoint, type IdentityId, type IdentityPoolId } from '@satchel/protocol'
import { sameLogin, type Login, type StoredIdentity } from '../../domain/identity.js'
import type { SignInDecision, SignInFacts } from '../../domain/linking.js'
import type { IdentityInPool, IdentityStore, SignIn, SignInOutcome } from '../identity-store.js'
import type { MemoryDatabase } from './memory-database.js'

/** Keeps identities in memory. Nothing waits between reading and writing, so no two sign-ins overlap. */
export class MemoryIdentityStore implements IdentityStore {
  constructor(private readonly database: MemoryDatabase) {}

  find(identity: IdentityId): Promise<StoredIdentity | null> {
    return Promise.resolve(this.held(identity))
  }

  findSeveral(identities: readonly IdentityId[]): Promise<readonly StoredIdentity[]> {
    return Promise.resolve(identities.map((identity) => this.held(identity)).filter((held) => held !== null))
  }

  isActive(identity: IdentityId, pool: IdentityPoolId): Promise<boolean> {
    const held = this.held(identity)
    return Promise.resolve(held !== null && held.pool === pool && held.disabledAt === null)
  }

  findByLogin(pool: IdentityPoolId, login: Login): Promise<IdentityId | null> {
    return Promise.resolve(this.database.pools.has(pool) ? this.ownerOf(pool, login) : null)
  }

  createGuest({ identity, pool, at }: IdentityInPool & Readonly<{ at: number }>): Promise<boolean> {
    if (!this.database.pools.has(pool)) return Promise.resolve(false)
    this.database.identities.set(identity, { pool, createdAt: at, modifiedAt: at, disabledAt: null })
    return Promise.resolve(true)
  }

  signIn(signIn: SignIn, judge: (facts: SignInFacts) => SignInDecision): Promise<SignInOutcome> {
    return Promise.resolve(this.judgeAndStore(signIn, judge))
  }

  list(
    pool: IdentityPoolId,
    { after, limit, hideDisabled }: Readonly<{ after: string; limit: number; hideDisabled: boolean }>,
  ): Promise<readonly StoredIdentity[]> {
    const listed = [...this.database.identities]
      .filter(([identity, row]) => row.pool === pool && byCodePoint(identity, after) > 0)
      .filter(([, row]) => !hideDisabled || row.disabledAt === null)
      .map(([identity]) => this.held(identity))
      .filter((held) => held !== null)
      .sort((a, b) => byCodePoint(a.identity, b.identity))
    return Promise.resolve(listed.slice(0, limit))
  }

  disable(identity: IdentityId, at: number): Promise<boolean> {
    const held = this.held(identity)
    if (held === null || held.disabledAt !== null) return Promise.resolve(false)
    Object.assign(this.database.identities.get(identity)!, { disabledAt: at, modifiedAt: at })
    return Promise.resolve(true)
  }

  delete(identities: readonly IdentityId[]): Promise<readonly IdentityInPool[]> {
    const gone: IdentityInPool[] = []
    for (const identity of identities) {
      const held = this.held(identity)
      if (held === null) continue
      this.database.identities.delete(identity)
      const kept = this.database.logins.filter((login) => login.identity !== identity)
      this.database.logins.splice(0, Infinity, ...kept)
      this.database.doomedIdentities.set(identity, held.pool)
      gone.push({ identity, pool: held.pool })
    }
    return Promise.resolve(gone)
  }

  private judgeAndStore(
    { pool, login, named, fresh, at }: SignIn,
    judge: (facts: SignInFacts) => SignInDecision,
  ): SignInOutcome {
    if (!this.database.pools.has(pool)) return { kind: 'refused', why: 'no-such-pool' }
    const found = named === null ? null : this.held(named)
    const decision = judge({
      owner: this.ownerOf(pool, login),
      named: named === null ? 'none' : found?.pool === pool ? found : 'missing',
    })
    switch (decision.kind) {
      case 'refuse':
        return { kind: 'refused', why: decision.why }
      case 'use':
        return { kind: 'used', identity: this.held(decision.identity)! }
      case 'create':
        this.database.identities.set(fresh, { pool, createdAt: at, modifiedAt: at, disabledAt: null })
        this.database.logins.push({ pool, ...login, identity: fresh })
        return { kind: 'created', identity: this.held(fresh)! }
      case 'link':
        this.database.identities.get(decision.identity)!.modifiedAt = at
        this.database.logins.push({ pool, ...login, identity: decision.identity })
        return { kind: 'linked', identity: this.held(decision.identity)! }
    }
  }

  private ownerOf(pool: IdentityPoolId, login: Login): IdentityId | null {
    return this.database.logins.find((held) => held.pool === pool && sameLogin(held, login))?.identity ?? null
  }

  private held(identity: IdentityId): StoredIdentity | null {
    const row = this.database.identities.get(identity)
    if (row === undefined || !this.database.pools.has(row.pool)) return null
    const logins = this.database.logins
      .filter((login) => login.identity === identity)
      .map(({ provider, userId }) => ({ provider, userId }))
      .sort((a, b) => byCodePoint(a.provider, b.provider) || byCodePoint(a.userId, b.userId))
    return { identity, ...row, logins }
  }
}
