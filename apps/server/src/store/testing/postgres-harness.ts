import type { PostgresServer } from '../../../../../test/support/postgres/postgres-server.js'
import { PostgresDatasetStore } from '../typeorm/postgres/postgres-dataset-store.js'
import type { PostgresDatabase } from '../typeorm/postgres/postgres-database.js'
import { prepared } from '../typeorm/postgres/prepared.js'
import { emptyDatabase, openDatabase } from './postgres-databases.js'
import type { StreamStorage } from '../stream-storage.js'
import type { StoreHarness } from './store-harness.js'

export type PostgresHarness = StoreHarness & { readonly database: PostgresDatabase; readonly url: string }

/** A store on a database that was emptied for it; for one test after the other. */
export const postgresHarness = async (
  server: PostgresServer,
  partitions = 0,
  streams?: StreamStorage,
): Promise<PostgresHarness> => postgresHarnessOn(await emptyDatabase(server, partitions), streams)

/** A store on a database that is there, which others may use too, as several nodes do. */
export async function postgresHarnessOn(url: string, streams?: StreamStorage): Promise<PostgresHarness> {
  const database = await openDatabase(url)
  const write = (sql: string, values: unknown[]) =>
    database.transaction(async (transaction) => {
      await transaction.run(prepared(sql), values)
    })
  return {
    database,
    url,
    store: new PostgresDatasetStore(database, streams),
    addPool: (pool) =>
      write(
        `INSERT INTO identity_pool (pool_id, name, settings, roles, sync_settings, created_at, modified_at) VALUES ($1, 'pool', '{}', '{}', '{}', 0, 0)`,
        [pool],
      ),
    addIdentity: (identity, pool) =>
      write('INSERT INTO identity (identity_id, pool_id, created_at, modified_at) VALUES ($1, $2, 0, 0)', [
        identity,
        pool,
      ]),
    disable: (identity) => write('UPDATE identity SET disabled_at = 1 WHERE identity_id = $1', [identity]),
    doomIdentity: async (identity, pool) => {
      await write('DELETE FROM identity WHERE identity_id = $1', [identity])
      await write('INSERT INTO doomed_identity (identity_id, pool_id, doomed_at) VALUES ($1, $2, 0)', [identity, pool])
    },
    doomPool: async (pool) => {
      await write('DELETE FROM identity_pool WHERE pool_id = $1', [pool])
      await write('INSERT INTO doomed_pool (pool_id, doomed_at) VALUES ($1, 0)', [pool])
    },
    reopen: async () => {
      await database.close()
      return postgresHarnessOn(url, streams)
    },
    close: () => database.close(),
  }
}
