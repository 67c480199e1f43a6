import type { StoredSigningKey } from './signing-key-store.js'
import type { IdentityStores } from './testing/identity-stores.js'

const aKey = (kid: string, more: Partial<StoredSigningKey> = {}): StoredSigningKey => ({
  kid,
  publicJwk: '{}',
  closedPrivateKey: `closed ${kid}`,
  createdAt: 1_000,
  signsFrom: 1_000,
  closedUnder: { fingerprint: '0123456789ab', at: 1_000 },
  ...more,
})

/** What every adapter of {@link SigningKeyStore} must do. */
export function signingKeyStoreContract(open: () => Promise<IdentityStores>): void {
  let stores: IdentityStores

  beforeEach(async () => {
    stores = await open()
  })
  afterEach(() => stores.close())

  const kids = async () => (await stores.signingKeys.list()).map(({ kid }) => kid)

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

  test('[KR5] a further key comes in by its age, and no second one while one waits to sign', async () => {
    await stores.signingKeys.addFirst(aKey('b'))
    const next = aKey('a', { createdAt: 2_000, signsFrom: 2_500, closedUnder: null })
    expect(await stores.signingKeys.addNext(next, 2_000)).toEqual([aKey('b'), next])
    const late = aKey('c', { createdAt: 2_100, signsFrom: 2_600 })
    expect(await stores.signingKeys.addNext(late, 2_499)).toEqual([aKey('b'), next])
    expect(await stores.signingKeys.addNext(late, 2_500)).toEqual([aKey('b'), next, late])
  })

  test('[KR5] a key of an id that is taken is not added', async () => {
    await stores.signingKeys.addFirst(aKey('a'))
    expect(await stores.signingKeys.addNext(aKey('a', { publicJwk: '{"n":1}' }), 5_000)).toEqual([aKey('a')])
  })

  test('[KR5] of several that are added at once one is', async () => {
    await stores.signingKeys.addFirst(aKey('first'))
    const waiting = ['a', 'b', 'c', 'd'].map((kid) => aKey(kid, { createdAt: 3_000, signsFrom: 9_000 }))
    const answers = await Promise.all(waiting.map((key) => stores.signingKeys.addNext(key, 3_000)))
    expect(new Set(answers.map((keys) => keys.map(({ kid }) => kid).join())).size).toBe(1)
    expect(await kids()).toHaveLength(2)
  })

  test('[KR4] a private half is put in place of what it was closed as, and of nothing else', async () => {
    const other = aKey('b', { createdAt: 2_000, signsFrom: 2_000 })
    await stores.signingKeys.addFirst(aKey('a'))
    await stores.signingKeys.addNext(other, 2_000)
    const closedUnder = { fingerprint: 'ba9876543210', at: 7_000 }
    const anew = [
      { kid: 'a', was: 'closed a', closedPrivateKey: 'anew a', closedUnder },
      { kid: 'b', was: 'closed by somebody else meanwhile', closedPrivateKey: 'anew b', closedUnder },
      { kid: 'gone', was: 'x', closedPrivateKey: 'y', closedUnder },
    ]
    expect(await stores.signingKeys.replaceClosed(anew)).toBe(1)
    const replaced = { ...aKey('a'), closedPrivateKey: 'anew a', closedUnder }
    expect(await stores.signingKeys.list()).toEqual([replaced, other])
    expect(await stores.signingKeys.replaceClosed(anew)).toBe(0)
    expect(await stores.signingKeys.replaceClosed([])).toBe(0)
  })

  test('[KR4] of several that close a key anew at once one does', async () => {
    await stores.signingKeys.addFirst(aKey('a'))
    const closedUnder = { fingerprint: 'ba9876543210', at: 7_000 }
    const answers = await Promise.all(
      [1, 2, 3].map((n) =>
        stores.signingKeys.replaceClosed([{ kid: 'a', was: 'closed a', closedPrivateKey: `anew ${n}`, closedUnder }]),
      ),
    )
    expect(answers.sort()).toEqual([0, 0, 1])
  })

  test('[KR7] keys are removed by their ids', async () => {
    await stores.signingKeys.addFirst(aKey('a'))
    await stores.signingKeys.addNext(aKey('b', { createdAt: 2_000, signsFrom: 2_000 }), 2_000)
    expect(await stores.signingKeys.remove(['a', 'unknown'])).toBe(1)
    expect(await kids()).toEqual(['b'])
    expect(await stores.signingKeys.remove([])).toBe(0)
  })
}
