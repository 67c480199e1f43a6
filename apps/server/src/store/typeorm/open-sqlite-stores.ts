import type { StoreFigures } from '../../ops/metrics.js'
import type { Stores } from '../stores.js'
import { SqliteDatabase } from './sqlite-database.js'
import { SqliteDatasetStore } from './sqlite-dataset-store.js'
import { SqliteIdentityStore } from './sqlite-identity-store.js'
import { SqlitePoolStore } from './sqlite-pool-store.js'
import { SqliteSigningKeyStore } from './sqlite-signing-key-store.js'

/** Opens the embedded database with all its stores; rejects with a sentence when it cannot be used. */
export async function openSqliteStores(file: string): Promise<Stores> {
  const database = await SqliteDatabase.open(file)
  return {
    datasets: new SqliteDatasetStore(database),
    identities: new SqliteIdentityStore(database),
    pools: new SqlitePoolStore(database),
    signingKeys: new SqliteSigningKeyStore(database),
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
