import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteDatabase } from '../typeorm/sqlite-database.js'
import { SqliteDatasetStore } from '../typeorm/sqlite-dataset-store.js'
import type { StreamStorage } from '../stream-storage.js'
import type { StoreHarness } from './store-harness.js'

/** A store on a real file of its own, removed at close. */
export async function sqliteHarness(
  directory = mkdtempSync(join(tmpdir(), 'satchel-store-')),
  streams?: StreamStorage,
): Promise<StoreHarness & { readonly database: SqliteDatabase; readonly directory: string }> {
  const database = await SqliteDatabase.open(join(directory, 'satchel.db'), streams)
  const write = (sql: string, values: unknown[]) =>
    database.lane.transaction(async (runner) => {
      await runner.query(sql, values)
    })
  return {
    database,
    directory,
    store: new SqliteDatasetStore(database, streams?.publicUrl),
    addPool: (pool) =>
      write(
        `INSERT INTO identity_pool (pool_id, name, settings, roles, sync_settings, created_at, modified_at) VALUES (?, 'pool', '{}', '{}', '{}', 0, 0)`,
        [pool],
      ),
    addIdentity: (identity, pool) =>
      write('INSERT INTO identity (identity_id, pool_id, created_at, modified_at) VALUES (?, ?, 0, 0)', [
        identity,
        pool,
      ]),
    disable: (identity) => write('UPDATE identity SET disabled_at = 1 WHERE identity_id = ?', [identity]),
    doomIdentity: async (identity, pool) => {
      await write('DELETE FROM identity WHERE identity_id = ?', [identity])
      await write('INSERT INTO doomed_identity (identity_id, pool_id, doomed_at) VALUES (?, ?, 0)', [identity, pool])
    },
    doomPool: async (pool) => {
      await write('DELETE FROM identity_pool WHERE pool_id = ?', [pool])
      await write('INSERT INTO doomed_pool (pool_id, doomed_at) VALUES (?, 0)', [pool])
    },
    reopen: async () => {
      await database.close()
      return sqliteHarness(directory, streams)
    },
    close: async () => {
      await database.close()
      rmSync(directory, { recursive: true })
    },
  }
}
