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
    addPool: (pool) => write(`INSERT INTO identity_pool VALUES (?, 'pool', '{}', '{}', '{}', 0, 0, NULL)`, [pool]),
    addIdentity: (identity, pool) => write('INSERT INTO identity VALUES (?, ?, 0, 0, NULL)', [identity, pool]),
    disable: (identity) => write('UPDATE identity SET disabled_at = 1 WHERE identity_id = ?', [identity]),
    doomIdentity: async (identity, pool) => {
      await write('DELETE FROM identity WHERE identity_id = ?', [identity])
      await write('INSERT INTO doomed_identity VALUES (?, ?, 0)', [identity, pool])
    },
    doomPool: async (pool) => {
      await write('DELETE FROM identity_pool WHERE pool_id = ?', [pool])
      await write('INSERT INTO doomed_pool VALUES (?, 0)', [pool])
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
