import type { QueryRunner } from 'typeorm'
import type { Migration } from '../release.js'

/** The change stream: what is to be published, what was, and who may do it. */
export class Outbox1750000000005 implements Migration {
  readonly name = 'Outbox1750000000005'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement)
  }
}

const UP = [
  // Null while the pool's stream is not enabled. A commit reads it with the pool.
  'ALTER TABLE identity_pool ADD COLUMN stream_target TEXT',
  'CREATE INDEX pool_streaming ON identity_pool (pool_id) WHERE stream_target IS NOT NULL',

  // The newest change that went into the outbox, and which stream it went to.
  'ALTER TABLE dataset ADD COLUMN streamed_epoch INTEGER NOT NULL DEFAULT 0',
  'ALTER TABLE dataset ADD COLUMN streamed_count INTEGER NOT NULL DEFAULT 0',
  'ALTER TABLE dataset ADD COLUMN stream_begun INTEGER NOT NULL DEFAULT 0',

  // Rows are inserted and pruned, never updated; no place is given twice, also after all were pruned. Names as Debezium's outbox event router reads
  // them. The payload comes last: what else is asked of a row never reads the pages it overflows into.
  `CREATE TABLE outbox (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL,
     aggregatetype TEXT NOT NULL,
     aggregateid TEXT NOT NULL,
     type TEXT NOT NULL,
     "partition" INTEGER NOT NULL,
     shard INTEGER NOT NULL,
     pool_id TEXT NOT NULL,
     dataset TEXT NOT NULL,
     epoch INTEGER NOT NULL,
     sync_count INTEGER NOT NULL,
     previous_epoch INTEGER NOT NULL,
     previous_count INTEGER NOT NULL,
     created_at INTEGER NOT NULL,
     payload TEXT NOT NULL
   )`,

  // By stream before place, so that the rows of a parked stream, however many, are in nobody's way. One process relays all shards of a database
  // that only one can have, so the shard is there to be looked at, not to be searched by.
  `CREATE TABLE outbox_unpublished (
     shard INTEGER NOT NULL,
     stream_name TEXT NOT NULL,
     seq INTEGER NOT NULL,
     PRIMARY KEY (stream_name, seq)
   ) WITHOUT ROWID`,

  // How many wait, by stream: counting them one by one would take longer the more they are, and is asked every few seconds.
  `CREATE TABLE outbox_waiting (
     stream_name TEXT NOT NULL PRIMARY KEY,
     "rows" INTEGER NOT NULL
   ) WITHOUT ROWID`,
  `CREATE TRIGGER outbox_waits AFTER INSERT ON outbox_unpublished BEGIN
     INSERT INTO outbox_waiting (stream_name, "rows") VALUES (new.stream_name, 1)
       ON CONFLICT (stream_name) DO UPDATE SET "rows" = "rows" + 1;
   END`,
  `CREATE TRIGGER outbox_waits_no_more AFTER DELETE ON outbox_unpublished BEGIN
     UPDATE outbox_waiting SET "rows" = "rows" - 1 WHERE stream_name = old.stream_name;
   END`,

  // The records of changes that are published as links, by event id. JSON, a megabyte and more each.
  `CREATE TABLE outbox_linked (
     id TEXT NOT NULL PRIMARY KEY,
     created_at INTEGER NOT NULL,
     records TEXT NOT NULL
   )`,

  `CREATE TABLE stream_lease (
     name TEXT NOT NULL PRIMARY KEY,
     holder TEXT NOT NULL,
     epoch INTEGER NOT NULL,
     until INTEGER NOT NULL
   ) WITHOUT ROWID`,

  `CREATE TABLE stream_park (
     stream_name TEXT NOT NULL PRIMARY KEY,
     reason TEXT NOT NULL,
     parked_at INTEGER NOT NULL
   ) WITHOUT ROWID`,

  // The newest of each pool. Its rows of the outbox lie between its first and its last.
  `CREATE TABLE bulk_publish (
     pool_id TEXT NOT NULL PRIMARY KEY,
     status TEXT NOT NULL,
     started_at INTEGER NOT NULL,
     completed_at INTEGER,
     failure TEXT,
     after_identity TEXT,
     after_dataset TEXT,
     datasets INTEGER NOT NULL,
     complete INTEGER NOT NULL,
     first_seq INTEGER NOT NULL,
     last_seq INTEGER NOT NULL
   ) WITHOUT ROWID`,
]

const DOWN = [
  'DROP TABLE bulk_publish',
  'DROP TABLE stream_park',
  'DROP TABLE stream_lease',
  'DROP TABLE outbox_linked',
  'DROP TABLE outbox_unpublished',
  'DROP TABLE outbox_waiting',
  'DROP TABLE outbox',
  'ALTER TABLE dataset DROP COLUMN stream_begun',
  'ALTER TABLE dataset DROP COLUMN streamed_count',
  'ALTER TABLE dataset DROP COLUMN streamed_epoch',
  'DROP INDEX pool_streaming',
  'ALTER TABLE identity_pool DROP COLUMN stream_target',
]
