import { isGuest, sameLogin, type Login, type StoredIdentity } from './identity.js'

/** What a caller shows beside an identity's id, already verified. */
export type Proof =
  | Readonly<{ kind: 'none' }>
  /** A token that says its bearer is a guest. */
  | Readonly<{ kind: 'guest' }>
  /** A token that says its bearer signed in as this user. */
  | Readonly<{ kind: 'login'; login: Login }>

export type Access =
  | Readonly<{ kind: 'guest' }>
  | Readonly<{ kind: 'authenticated'; login: Login }>
  | Readonly<{ kind: 'refuse'; why: 'forbidden' | 'logins-do-not-match' }>

/**
 * Decides as what a caller may act for an identity: a guest needs only the id, any other identity a login
 * it has; a disabled one is closed to all (I17, I18).
 */
export function judgeAccess(identity: StoredIdentity, proof: Proof): Access {
  if (identity.disabledAt !== null) return { kind: 'refuse', why: 'forbidden' }
  if (proof.kind === 'login') {
    const held = identity.logins.some((login) => sameLogin(login, proof.login))
    return held ? { kind: 'authenticated', login: proof.login } : { kind: 'refuse', why: 'logins-do-not-match' }
  }
  return isGuest(identity) ? { kind: 'guest' } : { kind: 'refuse', why: 'forbidden' }
}
