import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { judgeSignIn } from '../domain/linking.js'
import type { SignIn } from './identity-store.js'
import { aPool } from './testing/a-pool.js'
import type { IdentityStores } from './testing/identity-stores.js'

const POOL = aPool(1).pool
const OTHER_POOL = aPool(2).pool
const LOGIN = { provider: 'login.example.com', userId: 'ada' }

const id = (name: string): IdentityId => `us-east-1:${name}` as IdentityId

/** What every adapter of {@link IdentityStore} must do. */
export function identityStoreContract(open: () => Promise<IdentityStores>): void {
  let stores: IdentityStores

  beforeEach(async () => {
    stores = await open()
    await stores.pools.create(aPool(1))
    await stores.pools.create(aPool(2))
  })
  afterEach(() => stores.close())

  const guest = (identity: IdentityId, pool = POOL, at = 1_000) => stores.identities.createGuest({ identity, pool, at })
  const signIn = (over: Partial<SignIn> = {}) =>
    stores.identities.signIn({ pool: POOL, login: LOGIN, named: null, fresh: id('f'), at: 2_000, ...over }, judgeSignIn)
  const all = { after: '', limit: 60, hideDisabled: false }

  test('[I15] a guest is there, active, without a login', async () => {
    expect(await guest(id('a'))).toBe(true)
    const found = { identity: id('a'), pool: POOL, createdAt: 1_000, modifiedAt: 1_000, disabledAt: null, logins: [] }
    expect(await stores.identities.find(id('a'))).toEqual(found)
    expect(await stores.identities.isActive(id('a'), POOL)).toBe(true)
    expect(await stores.identities.isActive(id('a'), OTHER_POOL)).toBe(false)
    expect(await stores.identities.isActive(id('b'), POOL)).toBe(false)
  })

  test('several are found at once, each once and with its logins; those that are not there, or whose pool is not, are left out', async () => {
    for (const name of ['a', 'b']) await guest(id(name))
    await guest(id('c'), OTHER_POOL)
    await signIn({ named: id('b') })
    await stores.identities.disable(id('a'), 5_000)
    await stores.pools.delete(OTHER_POOL, 5_000)
    const asked = ['x', 'b', 'c', 'a', "'", '"', '\\', '{}'].map(id)
    const found = await stores.identities.findSeveral(asked)
    const expected = await Promise.all(['a', 'b'].map((name) => stores.identities.find(id(name))))
    expect([...found].sort((a, b) => (a.identity < b.identity ? -1 : 1))).toEqual(expected)
    expect(found.find(({ identity }) => identity === id('b'))).toMatchObject({ logins: [LOGIN] })
    expect(await stores.identities.findSeveral([])).toEqual([])
  })

  test('[I2] a guest of a missing pool is not made', async () => {
    expect(await guest(id('a'), 'us-east-1:0' as IdentityPoolId)).toBe(false)
    expect(await stores.identities.find(id('a'))).toBeNull()
    expect(await signIn({ pool: 'us-east-1:0' as IdentityPoolId })).toEqual({ kind: 'refused', why: 'no-such-pool' })
  })

  test('[I22] a user is created once and used from then on', async () => {
    const identity = {
      identity: id('f'),
      pool: POOL,
      createdAt: 2_000,
      modifiedAt: 2_000,
      disabledAt: null,
      logins: [LOGIN],
    }
    expect(await signIn()).toEqual({ kind: 'created', identity })
    expect(await signIn({ fresh: id('e'), at: 3_000 })).toEqual({ kind: 'used', identity })
    expect(await stores.identities.findByLogin(POOL, LOGIN)).toBe(id('f'))
    expect(await stores.identities.find(id('e'))).toBeNull()
  })

  test('[I22] a login joins the guest it names, whose id stays', async () => {
    await guest(id('a'))
    const linked = await signIn({ named: id('a') })
    expect(linked).toMatchObject({
      kind: 'linked',
      identity: { identity: id('a'), createdAt: 1_000, modifiedAt: 2_000 },
    })
    expect(await stores.identities.find(id('a'))).toMatchObject({ logins: [LOGIN] })
  })

  test('[I23] what is refused changes nothing', async () => {
    await guest(id('a'))
    await guest(id('b'), OTHER_POOL)
    await signIn()
    expect(await signIn({ named: id('a') })).toEqual({ kind: 'refused', why: 'registered-elsewhere' })
    const other = { provider: 'login.example.com', userId: 'bob' }
    expect(await signIn({ login: other, named: id('b') })).toEqual({ kind: 'refused', why: 'no-such-identity' })
    expect(await signIn({ login: other, named: id('c') })).toEqual({ kind: 'refused', why: 'no-such-identity' })
    expect(await signIn({ login: other, named: id('f') })).toEqual({ kind: 'refused', why: 'logins-do-not-match' })
    expect(await stores.identities.findByLogin(POOL, other)).toBeNull()
    expect(await stores.identities.find(id('a'))).toMatchObject({ logins: [] })
  })

  test('[I23] the same user of another pool, provider or spelling is another user', async () => {
    await signIn()
    expect(await signIn({ pool: OTHER_POOL, fresh: id('1') })).toMatchObject({ kind: 'created' })
    expect(await signIn({ login: { ...LOGIN, provider: 'x' }, fresh: id('2') })).toMatchObject({ kind: 'created' })
    expect(await signIn({ login: { ...LOGIN, userId: 'Ada' }, fresh: id('3') })).toMatchObject({ kind: 'created' })
    expect(await signIn({ login: { ...LOGIN, userId: 'ada ' }, fresh: id('4') })).toMatchObject({ kind: 'created' })
  })

  test('[I25] a user who signs in fifty times at once is one identity', async () => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, n) => signIn({ fresh: id(`${n}`) })))
    const identities = new Set(
      outcomes.map((outcome) => (outcome.kind === 'refused' ? null : outcome.identity.identity)),
    )
    expect(identities.size).toBe(1)
    expect(outcomes.filter(({ kind }) => kind === 'created')).toHaveLength(1)
    expect(await stores.identities.list(POOL, all)).toHaveLength(1)
  })

  test('[I25] fifty users who want one guest at once: one gets it', async () => {
    await guest(id('a'))
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, n) => signIn({ login: { ...LOGIN, userId: `${n}` }, named: id('a') })),
    )
    expect(outcomes.filter(({ kind }) => kind === 'linked')).toHaveLength(1)
    expect(outcomes.filter((o) => o.kind === 'refused' && o.why === 'logins-do-not-match')).toHaveLength(49)
  })

  test('[I11] identities are listed by id, page by page, each with all of its logins', async () => {
    for (const name of ['c', 'a', 'b']) await guest(id(name))
    await guest(id('0'), OTHER_POOL)
    await signIn({ named: id('a') })
    const first = await stores.identities.list(POOL, { ...all, limit: 2 })
    expect(first.map(({ identity, logins }) => [identity, logins.length])).toEqual([
      [id('a'), 1],
      [id('b'), 0],
    ])
    expect(await stores.identities.list(POOL, { ...all, after: id('b') })).toMatchObject([{ identity: id('c') }])
  })

  test('[I11] disabled identities are listed unless they are hidden', async () => {
    await guest(id('a'))
    await guest(id('b'))
    await stores.identities.disable(id('a'), 5_000)
    expect(await stores.identities.list(POOL, all)).toHaveLength(2)
    expect(await stores.identities.list(POOL, { ...all, hideDisabled: true })).toMatchObject([{ identity: id('b') }])
  })

  test('[I13] a disabled identity is there, not active, and disabled once', async () => {
    await guest(id('a'))
    expect(await stores.identities.disable(id('a'), 5_000)).toBe(true)
    expect(await stores.identities.disable(id('a'), 6_000)).toBe(false)
    expect(await stores.identities.disable(id('b'), 6_000)).toBe(false)
    expect(await stores.identities.find(id('a'))).toMatchObject({ disabledAt: 5_000, modifiedAt: 5_000 })
    expect(await stores.identities.isActive(id('a'), POOL)).toBe(false)
  })

  test('[I12] deleting takes identity and logins, and answers what was there', async () => {
    await signIn()
    await guest(id('a'))
    expect(await stores.identities.delete([id('f'), id('x')], 9_000)).toEqual([{ identity: id('f'), pool: POOL }])
    expect(await stores.identities.find(id('f'))).toBeNull()
    expect(await stores.identities.findByLogin(POOL, LOGIN)).toBeNull()
    expect(await stores.identities.find(id('a'))).not.toBeNull()
    expect(await signIn({ fresh: id('e') })).toMatchObject({ kind: 'created', identity: { identity: id('e') } })
  })
}
