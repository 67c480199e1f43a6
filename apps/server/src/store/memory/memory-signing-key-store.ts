import type { SigningKeyStore, StoredSigningKey } from '../signing-key-store.js'

/** Keeps signing keys in memory. */
export class MemorySigningKeyStore implements SigningKeyStore {
  private readonly keys: StoredSigningKey[] = []

  list(): Promise<readonly StoredSigningKey[]> {
    return Promise.resolve([...this.keys])
  }

  addFirst(key: StoredSigningKey): Promise<readonly StoredSigningKey[]> {
    if (this.keys.length === 0) this.keys.push(key)
    return this.list()
  }
}
