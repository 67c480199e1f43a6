import { generateKeyPairSync } from 'node:crypto'
import { Keyring } from '../access/keyring.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { MemorySigningKeyStore } from '../store/memory/memory-signing-key-store.js'
import { PrivateKeyBox } from './private-key-box.js'
import { SigningKeys } from './signing-keys.js'
import { AnIdentitySide, ISSUER, MASTER_KEY, TEST_KEY } from './testing/an-identity-side.js'

const UNWATCHED = { unopened: () => {}, unread: () => {} }
const random = new SeededRandom(12)

function keysOver(
  store: MemorySigningKeyStore,
  masterKey = MASTER_KEY,
  makePrivateKey = () => Promise.resolve(TEST_KEY),
) {
  const box = new PrivateKeyBox(new Keyring([masterKey]), random)
  return new SigningKeys({
    store,
    box,
    region: 'eu-central-1',
    clock: new HeldClock(),
    makePrivateKey,
    observer: UNWATCHED,
  })
}

test('[J3] the first key is made when it is first wanted, once, however many want it', async () => {
  let made = 0
  const store = new MemorySigningKeyStore()
  const keys = keysOver(store, MASTER_KEY, () => Promise.resolve((made++, TEST_KEY)))
  expect(await store.list()).toEqual([])
  const wanted = await Promise.all([keys.signer(), keys.signer(), keys.prepare(), keys.published()])
  expect(made).toBe(1)
  expect(wanted[0].kid).toBe(wanted[1].kid)
})

test('[J3] a key outlives a restart, and servers that start together sign with one', async () => {
  const store = new MemorySigningKeyStore()
  const other = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey
  const [first, second] = await Promise.all([
    keysOver(store).signer(),
    keysOver(store, MASTER_KEY, () => Promise.resolve(other)).signer(),
  ])
  const again = await keysOver(store, MASTER_KEY, () => Promise.reject(new Error('no further key is needed'))).signer()
  expect(second.publicJwk).toEqual(first.publicJwk)
  expect(again.publicJwk).toEqual(first.publicJwk)
})

test('[J3] a store that fails once is asked again', async () => {
  const store = new MemorySigningKeyStore()
  let failures = 1
  const keys = keysOver(store, MASTER_KEY, () =>
    failures-- > 0 ? Promise.reject(new Error('busy')) : Promise.resolve(TEST_KEY),
  )
  await expect(keys.prepare()).rejects.toThrow('busy')
  expect((await keys.signer()).kid).toMatch(/^eu-central-1\d+$/)
})

test('[J2] the private key is kept closed, and another master key says so', async () => {
  const store = new MemorySigningKeyStore()
  await keysOver(store).prepare()
  const [kept] = await store.list()
  const der = TEST_KEY.export({ type: 'pkcs8', format: 'der' })
  expect(Buffer.from(kept!.closedPrivateKey, 'base64').includes(der.subarray(40, 72))).toBe(false)
  await expect(keysOver(store, Buffer.alloc(32, 6)).prepare()).rejects.toThrow(
    'does not open with the master keys of this server',
  )
})

test('[J2] a closed key that was altered, cut or given another id does not open', () => {
  const box = new PrivateKeyBox(new Keyring([MASTER_KEY]), random)
  const closed = box.close('a', Buffer.from('secret'))
  expect(box.open('a', closed)).toEqual({ privateKey: Buffer.from('secret'), place: 0 })
  expect(box.open('b', closed)).toBeNull()
  const bytes = Buffer.from(closed, 'base64')
  for (let at = 0; at < bytes.length; at++) {
    const altered = Buffer.from(bytes)
    altered[at]! ^= 1
    expect(box.open('a', altered.toString('base64'))).toBeNull()
    expect(box.open('a', bytes.subarray(0, at).toString('base64'))).toBeNull()
  }
})

test('[J7] a key that is no longer there verifies nothing', async () => {
  const before = new AnIdentitySide()
  const pool = await before.aPool()
  const { token } = await before.signIn(pool.pool, 'ada')
  const after = new AnIdentitySide()
  after.clock.advance(60_000) // so its own first key has another id
  expect(await after.service.tokens.verify(token)).toEqual({ kind: 'foreign' })
})

test('[J10] the discovery document leads to the keys, public halves only', async () => {
  const { discovery } = new AnIdentitySide().service
  expect(discovery.document()).toEqual({
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/.well-known/jwks_uri`,
    response_types_supported: ['token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS512'],
  })
  const { keys } = await discovery.keySet()
  expect(keys).toHaveLength(1)
  expect(Object.keys(keys[0]!).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
  expect(keys[0]).toMatchObject({ kty: 'RSA', alg: 'RS512', use: 'sig' })
})
