import type { QueryRunner } from 'typeorm'
import { migrations } from '../migrations/migrations.js'
import { postgresMigrations } from '../postgres/migrations/migrations.js'
import type { Migration, Release } from '../release.js'

/** Every table there is, in both engines. */
export const TABLES =
  'identity_pool identity login doomed_identity doomed_pool dataset record batch_marker pool_usage signing_key history outbox ' +
  'outbox_unpublished outbox_linked stream_lease stream_park bulk_publish'

const tables = TABLES.split(' ')

/** Statements of a next version that adds to everything: two columns to each table, a table, and an index. */
export const ADDITIONS: readonly string[] = [
  ...tables.flatMap((table) => [
    `ALTER TABLE ${table} ADD COLUMN next_${table}_note TEXT`,
    `ALTER TABLE ${table} ADD COLUMN next_${table}_rank INTEGER NOT NULL DEFAULT 7`,
  ]),
  'CREATE TABLE next_thing (next_thing_id TEXT NOT NULL PRIMARY KEY, next_thing_value TEXT NOT NULL)',
  'CREATE INDEX next_thing_by_value ON next_thing (next_thing_value)',
]

class Additions9000000000001 implements Migration {
  readonly name: string = 'Additions9000000000001'

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of ADDITIONS) await runner.query(statement)
  }

  down(): Promise<void> {
    return Promise.resolve()
  }
}

class Removals9000000000002 implements Migration {
  readonly name = 'Removals9000000000002'
  readonly oldestServer = '0.2.0'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE next_thing')
  }

  down(): Promise<void> {
    return Promise.resolve()
  }
}

type Steps = Release['migrations']

/** What the next minor version might make of the tables: it only adds. */
const nextOf = (ours: Steps): Release => ({ version: '0.2.0', migrations: [...ours, Additions9000000000001] })

/** What the one after it might: it takes away what servers before the next one use. */
const afterNextOf = (ours: Steps): Release => ({
  version: '0.3.0',
  migrations: [...ours, Additions9000000000001, Removals9000000000002],
})

export const nextSqlite = nextOf(migrations)
export const afterNextSqlite = afterNextOf(migrations)
export const nextPostgres = (partitions = 0): Release => nextOf(postgresMigrations(partitions))
export const afterNextPostgres = (partitions = 0): Release => afterNextOf(postgresMigrations(partitions))
