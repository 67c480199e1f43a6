import type { IdentityId, IdentityPoolId } from '@satchel/protocol'

/** A user of a provider: for a developer provider the backend's own name for that user. */
export type Login = Readonly<{ provider: string; userId: string }>

/** One user of a pool on every device. Without a login it is a guest. */
export type StoredIdentity = Readonly<{
  identity: IdentityId
  pool: IdentityPoolId
  /** Epoch milliseconds, as are the other times. */
  createdAt: number
  modifiedAt: number
  /** Set once the identity was merged away or switched off; it is never used again. */
  disabledAt: number | null
  /** By provider and user id, in code point order. */
  logins: readonly Login[]
}>

export const isGuest = (identity: StoredIdentity): boolean => identity.logins.length === 0

export const sameLogin = (a: Login, b: Login): boolean => a.provider === b.provider && a.userId === b.userId
