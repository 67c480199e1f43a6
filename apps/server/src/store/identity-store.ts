import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { Login, StoredIdentity } from '../domain/identity.js'
import type { SignInDecision, SignInFacts, SignInFault } from '../domain/linking.js'

export type { Login, StoredIdentity } from '../domain/identity.js'

/** An identity of a pool, by its ids. */
export type IdentityInPool = Readonly<{ identity: IdentityId; pool: IdentityPoolId }>

export type SignIn = Readonly<{
  pool: IdentityPoolId
  login: Login
  /** The identity the caller named, if any. */
  named: IdentityId | null
  /** The id that a new identity would get. */
  fresh: IdentityId
  at: number
}>

export type SignInOutcome =
  | Readonly<{ kind: 'used' | 'created' | 'linked'; identity: StoredIdentity }>
  | Readonly<{ kind: 'refused'; why: SignInFault | 'no-such-pool' }>

/**
 * Keeps identities and their logins. Every adapter runs the suite in `identity-store.contract.ts`.
 *
 * Reads show committed data only; what belongs to a deleted pool is not there. A login belongs to one
 * identity of its pool under any race.
 */
export interface IdentityStore {
  find(identity: IdentityId): Promise<StoredIdentity | null>

  /** Those of them that are there, in no order, by one question to the store however many they are. */
  findSeveral(identities: readonly IdentityId[]): Promise<readonly StoredIdentity[]>

  /** True while the identity may be used: it is there, in that pool, not disabled, and so is the pool. */
  isActive(identity: IdentityId, pool: IdentityPoolId): Promise<boolean>

  /** The identity that has this login. */
  findByLogin(pool: IdentityPoolId, login: Login): Promise<IdentityId | null>

  /** False when there is no such pool. */
  createGuest(guest: IdentityInPool & Readonly<{ at: number }>): Promise<boolean>

  /** Shows who has the login and what was named to a pure `judge`, and stores what it decides, in one transaction. */
  signIn(signIn: SignIn, judge: (facts: SignInFacts) => SignInDecision): Promise<SignInOutcome>

  /** Identities of a pool after an id, by code point of their ids. */
  list(
    pool: IdentityPoolId,
    page: Readonly<{ after: string; limit: number; hideDisabled: boolean }>,
  ): Promise<readonly StoredIdentity[]>

  /** Switches an identity off for good; false when there is none that is on. */
  disable(identity: IdentityId, at: number): Promise<boolean>

  /** Removes identities and their logins and leaves word that their datasets are to go; answers those that were there. */
  delete(identities: readonly IdentityId[], at: number): Promise<readonly IdentityInPool[]>
}
