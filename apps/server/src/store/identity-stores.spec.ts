import 'reflect-metadata'
import { identityStoreContract } from './identity-store.contract.js'
import { poolStoreContract } from './pool-store.contract.js'
import { signingKeyStoreContract } from './signing-key-store.contract.js'
import { memoryIdentityStores, sqliteIdentityStores } from './testing/identity-stores.js'

describe.each([
  ['memory', memoryIdentityStores],
  ['SQLite', () => sqliteIdentityStores()],
])('stores of the identity side in %s', (_, open) => {
  describe('pools', () => poolStoreContract(open))
  describe('identities', () => identityStoreContract(open))
  describe('signing keys', () => signingKeyStoreContract(open))
})
