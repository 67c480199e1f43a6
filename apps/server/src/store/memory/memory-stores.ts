import type { Stores } from '../stores.js'
import { WITHOUT_LINKS, type StreamStorage } from '../stream-storage.js'
import { MemoryBulkPublishStore } from './memory-bulk-publish-store.js'
import { MemoryChangeLog } from './memory-change-log.js'
import { MemoryDatabase } from './memory-database.js'
import { MemoryDatasetStore } from './memory-dataset-store.js'
import { MemoryIdentityStore } from './memory-identity-store.js'
import { MemoryLeaseStore } from './memory-lease-store.js'
import { MemoryOutbox } from './memory-outbox.js'
import { MemoryOutboxStore } from './memory-outbox-store.js'
import { MemoryPoolStore } from './memory-pool-store.js'
import { MemorySigningKeyStore } from './memory-signing-key-store.js'

/** All stores over memory that ends with the process. */
export function memoryStores(
  database: MemoryDatabase = new MemoryDatabase(),
  streams: StreamStorage = WITHOUT_LINKS,
): Stores {
  const outbox = new MemoryOutbox(database, streams)
  return {
    datasets: new MemoryDatasetStore(database, outbox),
    identities: new MemoryIdentityStore(database),
    pools: new MemoryPoolStore(database),
    signingKeys: new MemorySigningKeyStore(),
    outbox: new MemoryOutboxStore(database),
    leases: new MemoryLeaseStore(database),
    bulkPublishes: new MemoryBulkPublishStore(database, outbox),
    changeLog: new MemoryChangeLog(database),
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
