import 'reflect-metadata'
import { identityStoresContract } from './identity-stores.contract.js'
import { memoryIdentityStores, sqliteIdentityStores } from './testing/identity-stores.js'

describe.each([
  ['memory', memoryIdentityStores],
  ['SQLite', () => sqliteIdentityStores()],
])('stores of the identity side in %s', (_, open) => {
  identityStoresContract(open)
})
