import type { QueryRunner } from 'typeorm'
import type { Migration } from '../release.js'

/**
 * The first tables. What belongs to an identity is keyed by it first, so that its rows live together; texts
 * compare by code point (SQLite's BINARY).
 */
export class SyncStore1750000000001 implements Migration {
  readonly name = 'SyncStore1750000000001'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of TABLES) await runner.query(statement)
  }

  down(): Promise<void> {
    return Promise.reject(new Error('the first migration cannot be undone; restore a backup instead'))
  }
}

const TABLES = [
  `CREATE TABLE identity_pool (
     pool_id TEXT NOT NULL PRIMARY KEY,
     name TEXT NOT NULL,
     settings TEXT NOT NULL,
     roles TEXT NOT NULL,
     sync_settings TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     modified_at INTEGER NOT NULL
   ) WITHOUT ROWID`,

  `CREATE TABLE identity (
     identity_id TEXT NOT NULL PRIMARY KEY,
     pool_id TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     modified_at INTEGER NOT NULL,
     disabled_at INTEGER
   ) WITHOUT ROWID`,
  'CREATE INDEX identity_by_pool ON identity (pool_id, identity_id)',

  `CREATE TABLE login (
     pool_id TEXT NOT NULL,
     provider TEXT NOT NULL,
     user_id TEXT NOT NULL,
     identity_id TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     PRIMARY KEY (pool_id, provider, user_id)
   ) WITHOUT ROWID`,
  'CREATE INDEX login_by_identity ON login (identity_id, provider, user_id)',

  // Identities whose rows are gone and whose datasets wait to be removed, a bounded piece at a time.
  `CREATE TABLE doomed_identity (
     identity_id TEXT NOT NULL PRIMARY KEY,
     pool_id TEXT NOT NULL,
     doomed_at INTEGER NOT NULL
   ) WITHOUT ROWID`,

  // Pools whose rows are gone and whose identities wait to be removed.
  `CREATE TABLE doomed_pool (
     pool_id TEXT NOT NULL PRIMARY KEY,
     doomed_at INTEGER NOT NULL
   ) WITHOUT ROWID`,

  `CREATE TABLE dataset (
     identity_id TEXT NOT NULL,
     name TEXT NOT NULL,
     "exists" INTEGER NOT NULL,
     sync_count INTEGER NOT NULL,
     deleted_at_count INTEGER NOT NULL,
     collected_through INTEGER NOT NULL,
     epoch INTEGER NOT NULL,
     record_count INTEGER NOT NULL CHECK (record_count >= 0),
     bytes INTEGER NOT NULL CHECK (bytes >= 0),
     created_at INTEGER NOT NULL,
     modified_at INTEGER NOT NULL,
     modified_by TEXT NOT NULL,
     PRIMARY KEY (identity_id, name)
   ) WITHOUT ROWID`,

  // The value comes last: finding records by count then never reads the pages it overflows into.
  `CREATE TABLE record (
     identity_id TEXT NOT NULL,
     dataset TEXT NOT NULL,
     "key" TEXT NOT NULL,
     sync_count INTEGER NOT NULL,
     modified_at INTEGER NOT NULL,
     modified_by TEXT NOT NULL,
     device_modified_at REAL,
     value TEXT,
     PRIMARY KEY (identity_id, dataset, "key")
   ) WITHOUT ROWID`,
  'CREATE INDEX tombstone_by_age ON record (modified_at) WHERE value IS NULL',

  // Marker ids begin with the time their session was opened, so that what one commit adds lies together and
  // what is too old to matter is one range at the front.
  `CREATE TABLE batch_marker (
     marker_id TEXT NOT NULL,
     identity_id TEXT NOT NULL,
     dataset TEXT NOT NULL,
     batch_hash TEXT NOT NULL,
     sync_count INTEGER NOT NULL,
     accepted_at INTEGER NOT NULL,
     accepted_by TEXT NOT NULL,
     PRIMARY KEY (marker_id)
   ) WITHOUT ROWID`,

  // One row per pool and writer, so that no two lanes ever wait for the same one.
  `CREATE TABLE pool_usage (
     pool_id TEXT NOT NULL,
     lane TEXT NOT NULL,
     datasets INTEGER NOT NULL,
     records INTEGER NOT NULL,
     bytes INTEGER NOT NULL,
     sync_sessions INTEGER NOT NULL,
     modified_at INTEGER NOT NULL,
     PRIMARY KEY (pool_id, lane)
   ) WITHOUT ROWID`,
]
