import { MemoryDatabase } from '../memory/memory-database.js'
import { MemoryDatasetStore } from '../memory/memory-dataset-store.js'
import { MemoryOutbox } from '../memory/memory-outbox.js'
import type { StreamStorage } from '../stream-storage.js'
import type { StoreHarness } from './store-harness.js'

export function memoryHarness(streams?: StreamStorage): StoreHarness & { readonly database: MemoryDatabase } {
  const database = new MemoryDatabase()
  const harness: StoreHarness & { readonly database: MemoryDatabase } = {
    database,
    store: new MemoryDatasetStore(database, new MemoryOutbox(database, streams)),
    addPool: (pool) => {
      const nothing = {
        settings: '{}',
        roles: '{}',
        syncSettings: '{}',
        streamTarget: null,
        createdAt: 0,
        modifiedAt: 0,
      }
      database.pools.set(pool, { name: 'pool', ...nothing })
      return Promise.resolve()
    },
    addIdentity: (identity, pool) => {
      database.identities.set(identity, { pool, createdAt: 0, modifiedAt: 0, disabledAt: null })
      return Promise.resolve()
    },
    disable: (identity) => {
      database.identities.get(identity)!.disabledAt = 1
      return Promise.resolve()
    },
    doomIdentity: (identity, pool) => {
      database.identities.delete(identity)
      database.doomedIdentities.set(identity, pool)
      return Promise.resolve()
    },
    doomPool: (pool) => {
      database.pools.delete(pool)
      database.doomedPools.add(pool)
      return Promise.resolve()
    },
    reopen: () => Promise.resolve(harness),
    close: () => Promise.resolve(),
  }
  return harness
}
