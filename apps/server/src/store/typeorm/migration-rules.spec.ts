import 'reflect-metadata'
import Database from 'better-sqlite3'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VERSION } from '../../version.js'
import { faultsOf, statementsOf, type Site, type Step } from './testing/migration-rules.js'
import { ADDITIONS, afterNextSqlite } from './testing/next-release.js'
import { migrations } from './migrations/migrations.js'
import { postgresMigrations } from './postgres/migrations/migrations.js'
import type { Migration } from './release.js'
import { SqliteDatabase } from './sqlite-database.js'

/** Those of the first version, before which there was no other. */
const FIRST_OF_SQLITE = [
  'SyncStore1750000000001',
  'SigningKeys1750000000002',
  'DeviceMarkers1750000000003',
  'EpochBase1750000000004',
  'Outbox1750000000005',
]
const FIRST_OF_POSTGRES = ['SyncStore1750000000001']

describe('what a migration may do', () => {
  let columns: ReadonlySet<string>
  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'satchel-rules-'))
    const file = join(directory, 'satchel.db')
    await (await SqliteDatabase.open(file)).close()
    const raw = new Database(file, { readonly: true })
    columns = new Set(raw.prepare(COLUMNS).pluck().all() as string[])
    raw.close()
    rmSync(directory, { recursive: true })
  })

  const site = (over: Partial<Site> = {}): Site => ({ engine: 'postgres', version: VERSION, columns, ...over })
  const step = (statements: readonly string[], over: Partial<Step> = {}): Step => ({
    name: 'Next',
    statements,
    ...over,
  })

  const after = (all: readonly (new () => Migration)[], first: readonly string[]): readonly Migration[] =>
    all.map((Made) => new Made()).filter(({ name }) => !first.includes(name))

  /** With the columns that are there now, but for those that it adds itself. */
  const siteBefore = async (migration: Migration, engine: Site['engine']): Promise<[Step, Site]> => {
    const its = await statementsOf(migration)
    const added = its.statements.map((sql) => / ADD COLUMN "?(\w+)/i.exec(sql)?.[1])
    return [its, site({ engine, columns: new Set([...columns].filter((column) => !added.includes(column))) })]
  }

  test('[MV2] every migration since the first version leaves servers of the minor version before it in peace', async () => {
    const faults: string[] = []
    for (const migration of after(migrations, FIRST_OF_SQLITE)) {
      faults.push(...faultsOf(...(await siteBefore(migration, 'sqlite'))))
    }
    for (const migration of after(postgresMigrations(4), FIRST_OF_POSTGRES)) {
      faults.push(...faultsOf(...(await siteBefore(migration, 'postgres'))))
    }
    expect(faults).toEqual([])
  })

  test('[MV2] migrations are named after when they were written, and listed in that order', () => {
    for (const all of [migrations, postgresMigrations(0)]) {
      const names = all.map((Made) => new Made().name)
      expect(names.filter((name) => !/^[A-Z]\w+[1-9]\d{12}$/.test(name))).toEqual([])
      expect([...names].sort((a, b) => Number(a.slice(-13)) - Number(b.slice(-13)))).toEqual(names)
    }
  })

  test.each([
    [ADDITIONS],
    [['CREATE TABLE fresh (a TEXT)', 'CREATE UNIQUE INDEX fresh_a ON fresh (a)', 'INSERT INTO fresh VALUES (1)']],
    [['ALTER TABLE record ADD COLUMN colour TEXT COLLATE "C"']],
    [['ALTER TABLE record ADD COLUMN colour BIGINT NOT NULL DEFAULT 0']],
    [[`ALTER TABLE record ADD COLUMN colour TEXT DEFAULT 'red' NOT NULL`]],
  ])('[MV2] adding is allowed: %j', (statements) => {
    expect(faultsOf(step(statements), site())).toEqual([])
  })

  test('[MV2] an index on a table with rows is made beside its writers, and made anew after a death half-way', () => {
    const statements = [
      'DROP INDEX CONCURRENTLY IF EXISTS record_by_colour',
      'CREATE INDEX CONCURRENTLY record_by_colour ON record (colour)',
    ]
    expect(faultsOf(step(statements, { transaction: false }), site())).toEqual([])
    expect(faultsOf(step(statements), site())).toEqual([expect.stringContaining('needs `transaction = false`')])
    expect(faultsOf(step(statements.slice(0, 1), { transaction: false }), site())).toHaveLength(1)
    const plain = ['CREATE INDEX record_by_colour ON record (colour)']
    expect(faultsOf(step(plain), site())).toEqual([expect.stringContaining('make it CONCURRENTLY')])
    expect(faultsOf(step(plain), site({ engine: 'sqlite' }))).toEqual([])
  })

  test.each([
    ['DROP TABLE record', /older servers use it/],
    ['DROP INDEX tombstone_by_age', /older servers use it/],
    ['ALTER TABLE record DROP COLUMN value', /older servers use it/],
    ['ALTER TABLE record RENAME COLUMN value TO text', /the old name/],
    ['ALTER TABLE record RENAME TO entry', /the old name/],
    ['ALTER TABLE record ADD COLUMN colour TEXT NOT NULL', /give it a DEFAULT/],
    ['ALTER TABLE record ADD COLUMN colour TEXT DEFAULT gen_random_uuid()', /constant/],
    ['ALTER TABLE record ADD COLUMN colour TEXT UNIQUE', /does not allow/],
    ['ALTER TABLE record ADD COLUMN colour INTEGER CHECK (colour > 0)', /does not allow/],
    ['ALTER TABLE dataset ADD COLUMN value TEXT', /which is meant/],
    ['ALTER TABLE record ALTER COLUMN value TYPE BYTEA', /not known to be harmless/],
    ['ALTER TABLE record ALTER COLUMN value SET NOT NULL', /not known to be harmless/],
    ['CREATE UNIQUE INDEX one_name ON identity_pool (name)', /does not allow/],
    ['UPDATE record SET value = NULL', /piece by piece/],
    ['CREATE TRIGGER t AFTER INSERT ON record BEGIN SELECT 1; END', /not known to be harmless/],
  ])('[MV2] what older servers would trip over is not: %s', (statement, why) => {
    expect(faultsOf(step([statement]), site())).toEqual([expect.stringMatching(why)])
  })

  test('[MV2] what is taken away names the oldest server that does without it, at least a minor version before', async () => {
    const Removals = afterNextSqlite.migrations.at(-1)!
    const removing = await statementsOf(new Removals())
    expect(faultsOf(removing, site({ version: '0.3.0' }))).toEqual([])
    expect(faultsOf(removing, site({ version: '0.2.7' }))).toEqual([
      expect.stringContaining('the minor version before'),
    ])
  })
})

const COLUMNS = `SELECT DISTINCT c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'`
