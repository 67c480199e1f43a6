import type { ClosedAnew, SigningKeyStore, StoredSigningKey } from '../signing-key-store.js'

/** Keeps signing keys in memory. */
export class MemorySigningKeyStore implements SigningKeyStore {
  private readonly keysByKid = new Map<string, StoredSigningKey>()

  list(): Promise<readonly StoredSigningKey[]> {
    return Promise.resolve([...this.keysByKid.values()].sort(oldestFirst))
  }

  addFirst(key: StoredSigningKey): Promise<readonly StoredSigningKey[]> {
    if (this.keysByKid.size === 0) this.keysByKid.set(key.kid, key)
    return this.list()
  }

  addNext(key: StoredSigningKey, now: number): Promise<readonly StoredSigningKey[]> {
    const isTaken = [...this.keysByKid.values()].some(({ kid, signsFrom }) => kid === key.kid || signsFrom > now)
    if (!isTaken) this.keysByKid.set(key.kid, key)
    return this.list()
  }

  replaceClosed(keys: readonly ClosedAnew[]): Promise<number> {
    let replaced = 0
    for (const { was, ...closed } of keys) {
      const held = this.keysByKid.get(closed.kid)
      if (held?.closedPrivateKey !== was) continue
      this.keysByKid.set(closed.kid, { ...held, ...closed })
      replaced++
    }
    return Promise.resolve(replaced)
  }

  remove(kids: readonly string[]): Promise<number> {
    return Promise.resolve(kids.filter((kid) => this.keysByKid.delete(kid)).length)
  }
}

const oldestFirst = (a: StoredSigningKey, b: StoredSigningKey): number =>
  a.createdAt - b.createdAt || (a.kid < b.kid ? -1 : 1)
