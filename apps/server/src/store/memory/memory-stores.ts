import type { Stores } from '../stores.js'
import { MemoryDatabase } from './memory-database.js'
import { MemoryDatasetStore } from './memory-dataset-store.js'
import { MemoryIdentityStore } from './memory-identity-store.js'
import { MemoryPoolStore } from './memory-pool-store.js'
import { MemorySigningKeyStore } from './memory-signing-key-store.js'

/** All stores over memory that ends with the process. */
export function memoryStores(database: MemoryDatabase = new MemoryDatabase()): Stores {
  return {
    datasets: new MemoryDatasetStore(database),
    identities: new MemoryIdentityStore(database),
    pools: new MemoryPoolStore(database),
    signingKeys: new MemorySigningKeyStore(),
    probe: () => Promise.resolve(),
    figures: () =>
      Promise.resolve({
        identities: database.identities.size,
        datasets: 0,
        records: 0,
        storedBytes: 0,
        databaseBytes: 0,
      }),
    close: () => Promise.resolve(),
  }
}
