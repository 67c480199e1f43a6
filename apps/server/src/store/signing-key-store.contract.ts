import type { StoredSigningKey } from './signing-key-store.js'
import type { IdentityStores } from './testing/identity-stores.js'

const aKey = (kid: string): StoredSigningKey => ({ kid, publicJwk: '{}', closedPrivateKey: 'x', createdAt: 1_000 })

/** What every adapter of {@link SigningKeyStore} must do. */
export function signingKeyStoreContract(open: () => Promise<IdentityStores>): void {
  let stores: IdentityStores

  beforeEach(async () => {
    stores = await open()
  })
  afterEach(() => stores.close())

  test('[J3] there is no key at first, and the first one stays the first', async () => {
    expect(await stores.signingKeys.list()).toEqual([])
    expect(await stores.signingKeys.addFirst(aKey('a'))).toEqual([aKey('a')])
    expect(await stores.signingKeys.addFirst(aKey('b'))).toEqual([aKey('a')])
    expect(await stores.signingKeys.list()).toEqual([aKey('a')])
  })

  test('[J3] servers that start together end on one key', async () => {
    const answers = await Promise.all(['a', 'b', 'c'].map((kid) => stores.signingKeys.addFirst(aKey(kid))))
    expect(new Set(answers.map((keys) => keys.map(({ kid }) => kid).join())).size).toBe(1)
  })
}
