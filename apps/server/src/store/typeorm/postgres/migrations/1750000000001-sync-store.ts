import type { QueryRunner } from 'typeorm'
import type { Migration } from '../../release.js'

/**
 * The first tables. What belongs to an identity is keyed by it first, so that its rows live together and the tables
 * can be divided by it: with `partitions` above 0 they are, by a hash of the identity. Texts compare by code point.
 */
export const syncStoreWith = (partitions: number): new () => Migration =>
  class SyncStore1750000000001 implements Migration {
    readonly name = 'SyncStore1750000000001'

    async up(runner: QueryRunner): Promise<void> {
      for (const statement of TABLES) await runner.query(statement)
      for (const { name, columns, fillfactor } of DIVIDED) {
        for (const statement of tableOf({ name, columns, fillfactor, partitions })) await runner.query(statement)
      }
      for (const statement of INDEXES) await runner.query(statement)
    }

    down(): Promise<void> {
      return Promise.reject(new Error('the first migration cannot be undone; restore a backup instead'))
    }
  }

type Divided = Readonly<{ name: string; columns: string; fillfactor: number }>

function tableOf({ name, columns, fillfactor, partitions }: Divided & { partitions: number }): readonly string[] {
  if (partitions === 0) return [`CREATE TABLE ${name} (${columns}) WITH (fillfactor = ${fillfactor})`]
  const parts = Array.from(
    { length: partitions },
    (_, part) =>
      `CREATE TABLE ${name}_${part} PARTITION OF ${name} FOR VALUES WITH (MODULUS ${partitions}, REMAINDER ${part})
         WITH (fillfactor = ${fillfactor})`,
  )
  return [`CREATE TABLE ${name} (${columns}) PARTITION BY HASH (identity_id)`, ...parts]
}

const TEXT = 'TEXT COLLATE "C"'

/** Rows that are written again and again leave room on their page, so that an update touches no index. */
const DIVIDED: readonly Divided[] = [
  {
    name: 'identity',
    fillfactor: 90,
    columns: `
     identity_id ${TEXT} NOT NULL PRIMARY KEY,
     pool_id ${TEXT} NOT NULL,
     created_at BIGINT NOT NULL,
     modified_at BIGINT NOT NULL,
     disabled_at BIGINT`,
  },
  {
    name: 'dataset',
    fillfactor: 70,
    columns: `
     identity_id ${TEXT} NOT NULL,
     name ${TEXT} NOT NULL,
     "exists" BOOLEAN NOT NULL,
     sync_count BIGINT NOT NULL,
     deleted_at_count BIGINT NOT NULL,
     collected_through BIGINT NOT NULL,
     epoch BIGINT NOT NULL,
     record_count BIGINT NOT NULL CHECK (record_count >= 0),
     bytes BIGINT NOT NULL CHECK (bytes >= 0),
     created_at BIGINT NOT NULL,
     modified_at BIGINT NOT NULL,
     modified_by ${TEXT} NOT NULL,
     streamed_epoch BIGINT NOT NULL DEFAULT 0,
     streamed_count BIGINT NOT NULL DEFAULT 0,
     stream_begun BIGINT NOT NULL DEFAULT 0,
     PRIMARY KEY (identity_id, name)`,
  },
  {
    // The last column is there for its index alone: it stays null as long as the record lives, so that an update of a record
    // that lives leaves that index alone.
    name: 'record',
    fillfactor: 80,
    columns: `
     identity_id ${TEXT} NOT NULL,
     dataset ${TEXT} NOT NULL,
     "key" ${TEXT} NOT NULL,
     sync_count BIGINT NOT NULL,
     modified_at BIGINT NOT NULL,
     modified_by ${TEXT} NOT NULL,
     device_modified_at DOUBLE PRECISION,
     value ${TEXT},
     removed_at BIGINT GENERATED ALWAYS AS (CASE WHEN value IS NULL THEN modified_at END) STORED,
     PRIMARY KEY (identity_id, dataset, "key")`,
  },
  {
    // A device's marker is replaced by each of its batches; by the hour, its index is left alone most of the time.
    name: 'batch_marker',
    fillfactor: 80,
    columns: `
     identity_id ${TEXT} NOT NULL,
     marker_id ${TEXT} NOT NULL,
     dataset ${TEXT} NOT NULL,
     batch_number BIGINT NOT NULL,
     batch_hash ${TEXT} NOT NULL,
     sync_count BIGINT NOT NULL,
     accepted_at BIGINT NOT NULL,
     accepted_by ${TEXT} NOT NULL,
     accepted_hour BIGINT GENERATED ALWAYS AS (accepted_at / 3600000) STORED,
     PRIMARY KEY (identity_id, marker_id)`,
  },
]

const TABLES = [
  `CREATE TABLE identity_pool (
     pool_id ${TEXT} NOT NULL PRIMARY KEY,
     name ${TEXT} NOT NULL,
     settings ${TEXT} NOT NULL,
     roles ${TEXT} NOT NULL,
     sync_settings ${TEXT} NOT NULL,
     stream_target ${TEXT},
     created_at BIGINT NOT NULL,
     modified_at BIGINT NOT NULL
   )`,
  'CREATE INDEX pool_streaming ON identity_pool (pool_id) WHERE stream_target IS NOT NULL',
  'CREATE INDEX pool_by_name ON identity_pool (name, created_at, pool_id)',

  // By the user of a provider, since that is what is asked for; one identity's logins are found by their index.
  `CREATE TABLE login (
     pool_id ${TEXT} NOT NULL,
     provider ${TEXT} NOT NULL,
     user_id ${TEXT} NOT NULL,
     identity_id ${TEXT} NOT NULL,
     created_at BIGINT NOT NULL,
     PRIMARY KEY (pool_id, provider, user_id)
   )`,
  'CREATE INDEX login_by_identity ON login (identity_id, provider, user_id)',

  `CREATE TABLE doomed_identity (
     identity_id ${TEXT} NOT NULL PRIMARY KEY,
     pool_id ${TEXT} NOT NULL,
     doomed_at BIGINT NOT NULL
   )`,

  `CREATE TABLE doomed_pool (
     pool_id ${TEXT} NOT NULL PRIMARY KEY,
     doomed_at BIGINT NOT NULL
   )`,

  // One row per pool and writer, so that writers hardly ever wait for the same one.
  `CREATE TABLE pool_usage (
     pool_id ${TEXT} NOT NULL,
     lane ${TEXT} NOT NULL,
     datasets BIGINT NOT NULL,
     records BIGINT NOT NULL,
     bytes BIGINT NOT NULL,
     sync_sessions BIGINT NOT NULL,
     modified_at BIGINT NOT NULL,
     PRIMARY KEY (pool_id, lane)
   ) WITH (fillfactor = 50)`,

  `CREATE TABLE signing_key (
     kid ${TEXT} NOT NULL PRIMARY KEY,
     public_jwk ${TEXT} NOT NULL,
     closed_private_key ${TEXT} NOT NULL,
     created_at BIGINT NOT NULL
   )`,

  // One row: the epoch from which datasets that are made from now on go up. Read by every commit, written when a backup was put back.
  `CREATE TABLE history (
     one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
     epoch_base BIGINT NOT NULL
   )`,
  'INSERT INTO history VALUES (1, 0)',

  // Drawn while the identity's row is locked, so that the changes of an identity lie in their order; between identities there may be gaps, and a
  // higher place may be seen before a lower one.
  'CREATE SEQUENCE outbox_seq AS BIGINT',

  // Rows are inserted and pruned, never updated. Names as Debezium's outbox event router reads them.
  `CREATE TABLE outbox (
     shard INTEGER NOT NULL,
     seq BIGINT NOT NULL DEFAULT nextval('outbox_seq'),
     id ${TEXT} NOT NULL,
     aggregatetype ${TEXT} NOT NULL,
     aggregateid ${TEXT} NOT NULL,
     type ${TEXT} NOT NULL,
     "partition" INTEGER NOT NULL,
     pool_id ${TEXT} NOT NULL,
     dataset ${TEXT} NOT NULL,
     epoch BIGINT NOT NULL,
     sync_count BIGINT NOT NULL,
     previous_epoch BIGINT NOT NULL,
     previous_count BIGINT NOT NULL,
     created_at BIGINT NOT NULL,
     payload ${TEXT} NOT NULL,
     PRIMARY KEY (shard, seq)
   )`,

  // By stream before place, so that the rows of a parked stream, however many, are in nobody's way.
  `CREATE TABLE outbox_unpublished (
     shard INTEGER NOT NULL,
     stream_name ${TEXT} NOT NULL,
     seq BIGINT NOT NULL,
     PRIMARY KEY (shard, stream_name, seq)
   )`,

  `CREATE TABLE outbox_linked (
     id ${TEXT} NOT NULL PRIMARY KEY,
     created_at BIGINT NOT NULL,
     records ${TEXT} NOT NULL
   )`,

  `CREATE TABLE stream_lease (
     name ${TEXT} NOT NULL PRIMARY KEY,
     holder ${TEXT} NOT NULL,
     epoch BIGINT NOT NULL,
     until BIGINT NOT NULL
   )`,

  `CREATE TABLE stream_park (
     stream_name ${TEXT} NOT NULL PRIMARY KEY,
     reason ${TEXT} NOT NULL,
     parked_at BIGINT NOT NULL
   )`,

  `CREATE TABLE bulk_publish (
     pool_id ${TEXT} NOT NULL PRIMARY KEY,
     status ${TEXT} NOT NULL,
     started_at BIGINT NOT NULL,
     completed_at BIGINT,
     failure ${TEXT},
     after_identity ${TEXT},
     after_dataset ${TEXT},
     datasets BIGINT NOT NULL,
     complete BOOLEAN NOT NULL,
     first_seq BIGINT NOT NULL,
     last_seq BIGINT NOT NULL
   )`,
]

const INDEXES = [
  'CREATE INDEX identity_by_pool ON identity (pool_id, identity_id)',
  'CREATE INDEX tombstone_by_age ON record (removed_at) WHERE removed_at IS NOT NULL',
  // Ids of sync sessions begin with the time they were opened, those of devices with '~'.
  `CREATE INDEX session_marker_by_id ON batch_marker (marker_id) WHERE marker_id < '~'`,
  `CREATE INDEX device_marker_by_age ON batch_marker (accepted_hour) WHERE marker_id >= '~'`,
]
