/** A key that signs OpenID tokens, its private half closed under a master key. */
export type StoredSigningKey = Readonly<{
  kid: string
  /** The public half, JWK as JSON. */
  publicJwk: string
  /** The private half, closed; opens only with the master key it was closed under. */
  closedPrivateKey: string
  /** Epoch milliseconds. */
  createdAt: number
  /** Epoch milliseconds from which it signs, in place of those that sign from earlier on. */
  signsFrom: number
  /** Fingerprint of the master key it was closed under, and when that was; null where a version closed it that did not say. */
  closedUnder: Readonly<{ fingerprint: string; at: number }> | null
}>

/** A private half that was opened, and closed under another master key. */
export type ClosedAnew = Pick<StoredSigningKey, 'kid' | 'closedPrivateKey'> &
  Readonly<{
    /** As it was closed before. */
    was: string
    closedUnder: NonNullable<StoredSigningKey['closedUnder']>
  }>

/** Keeps signing keys. Several processes may use one database. Every adapter runs the suite in `signing-key-store.contract.ts`. */
export interface SigningKeyStore {
  /** Oldest first. */
  list(): Promise<readonly StoredSigningKey[]>

  /** Adds a key unless there is one already, and answers all; servers that start together end on one key. */
  addFirst(key: StoredSigningKey): Promise<readonly StoredSigningKey[]>

  /** Adds a key unless one of its id is there, or one that signs only from later than `now`; answers all. Of several that are added at once one is. */
  addNext(key: StoredSigningKey, now: number): Promise<readonly StoredSigningKey[]>

  /** Puts private halves in place of what they were before, in one transaction; answers how many still were that. */
  replaceClosed(keys: readonly ClosedAnew[]): Promise<number>

  /** Answers how many were there. */
  remove(kids: readonly string[]): Promise<number>
}
