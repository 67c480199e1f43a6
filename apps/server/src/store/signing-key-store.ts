/** A key that signs OpenID tokens, its private half closed under the master key. */
export type StoredSigningKey = Readonly<{
  kid: string
  /** The public half, JWK as JSON. */
  publicJwk: string
  /** The private half, closed; opens only with the server's master key. */
  closedPrivateKey: string
  /** Epoch milliseconds. */
  createdAt: number
}>

/** Keeps signing keys. Every adapter runs the suite in `signing-key-store.contract.ts`. */
export interface SigningKeyStore {
  /** Oldest first. */
  list(): Promise<readonly StoredSigningKey[]>

  /** Adds a key unless there is one already, and answers all; servers that start together end on one key. */
  addFirst(key: StoredSigningKey): Promise<readonly StoredSigningKey[]>
}
