import { identityStoreContract } from './identity-store.contract.js'
import { poolStoreContract } from './pool-store.contract.js'
import { signingKeyStoreContract } from './signing-key-store.contract.js'
import type { IdentityStores } from './testing/identity-stores.js'

/** What all stores of the identity side must do, each by its own suite. */
export function identityStoresContract(open: () => Promise<IdentityStores>): void {
  describe('pools', () => poolStoreContract(open))
  describe('identities', () => identityStoreContract(open))
  describe('signing keys', () => signingKeyStoreContract(open))
}
