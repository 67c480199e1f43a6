import type { IdentityId } from '@satchel/protocol'
import { isGuest, type StoredIdentity } from './identity.js'

/** What a sign-in by a developer user is judged by, read at one moment. */
export type SignInFacts = Readonly<{
  /** The identity that has this login now, or null for a user nobody knows. */
  owner: IdentityId | null
  /** The identity the caller named; 'none' when none was, 'missing' when there is no such one in the pool. */
  named: StoredIdentity | 'none' | 'missing'
}>

export type SignInDecision =
  | Readonly<{ kind: 'use'; identity: IdentityId }>
  | Readonly<{ kind: 'create' }>
  /** The login joins this guest, who keeps id and datasets. */
  | Readonly<{ kind: 'link'; identity: IdentityId }>
  | Readonly<{ kind: 'refuse'; why: SignInFault }>

export type SignInFault = 'no-such-identity' | 'disabled' | 'registered-elsewhere' | 'logins-do-not-match'

/**
 * Decides which identity a developer user is. A known user is the identity that has the login, and cannot be
 * another one (I23); an unknown user becomes a new identity, or the guest that was named (I22). An
 * identity with logins of its own takes no further one from a caller who shows none of them (I24).
 */
export function judgeSignIn({ owner, named }: SignInFacts): SignInDecision {
  if (named === 'none') return owner === null ? { kind: 'create' } : { kind: 'use', identity: owner }
  if (named === 'missing') return { kind: 'refuse', why: 'no-such-identity' }
  if (named.disabledAt !== null) return { kind: 'refuse', why: 'disabled' }
  if (owner === named.identity) return { kind: 'use', identity: owner }
  if (owner !== null) return { kind: 'refuse', why: 'registered-elsewhere' }
  if (!isGuest(named)) return { kind: 'refuse', why: 'logins-do-not-match' }
  return { kind: 'link', identity: named.identity }
}
