import type { StoreFigures } from '../../ops/metrics.js'
import type { Stores } from '../stores.js'
import { WITHOUT_LINKS, type StreamStorage } from '../stream-storage.js'
import { SqliteBulkPublishStore } from './sqlite-bulk-publish-store.js'
import { SqliteChangeLog } from './sqlite-change-log.js'
import { SqliteDatabase, type SqliteOptions } from './sqlite-database.js'
import { SqliteDatasetStore } from './sqlite-dataset-store.js'
import { SqliteIdentityStore } from './sqlite-identity-store.js'
import { SqliteLeaseStore } from './sqlite-lease-store.js'
import { SqliteOutboxStore } from './sqlite-outbox-store.js'
import { SqlitePoolStore } from './sqlite-pool-store.js'
import { SqliteSigningKeyStore } from './sqlite-signing-key-store.js'

/** Opens the embedded database with all its stores; rejects with a sentence when it cannot be used. */
export async function openSqliteStores(
  file: string,
  streams: StreamStorage = WITHOUT_LINKS,
  options: SqliteOptions = {},
): Promise<Stores> {
  const database = await SqliteDatabase.open(file, streams, options)
  return {
    datasets: new SqliteDatasetStore(database, streams.publicUrl),
    identities: new SqliteIdentityStore(database),
    pools: new SqlitePoolStore(database),
    signingKeys: new SqliteSigningKeyStore(database),
    outbox: new SqliteOutboxStore(database),
    leases: new SqliteLeaseStore(database),
    bulkPublishes: new SqliteBulkPublishStore(database, streams.publicUrl),
    changeLog: new SqliteChangeLog(database.reads),
    probe: () => database.reads.query('SELECT count(*) FROM doomed_pool'),
    figures: () => figuresOf(database),
    close: () => database.close(),
  }
}

/** Datasets and records are counted as they are written; only identities have to be counted here. */
async function figuresOf(database: SqliteDatabase): Promise<StoreFigures> {
  const [counted] = (await database.reads.query(
    `SELECT (SELECT count(*) FROM identity) AS identities, coalesce(sum(datasets), 0) AS datasets,
            coalesce(sum(records), 0) AS records, coalesce(sum(bytes), 0) AS storedBytes
       FROM pool_usage`,
  )) as [Omit<StoreFigures, 'databaseBytes'>]
  return { ...counted, databaseBytes: await database.bytesOnDisk() }
}
