import 'reflect-metadata'
import Database from 'better-sqlite3'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { QueryRunner } from 'typeorm'
import { streamStoresContract } from '../stream-stores.contract.js'
import { datasetStoreContract } from '../dataset-store.contract.js'
import { identityStoresContract } from '../identity-stores.contract.js'
import { sqliteIdentityStores } from '../testing/identity-stores.js'
import { afterNextSqlite, nextSqlite } from './testing/next-release.js'
import { sqliteHarness } from '../testing/sqlite-harness.js'
import { inSqliteDirectory } from '../testing/stream-harness.js'
import { openChangeLog } from './open-change-log.js'
import type { Release } from './release.js'
import { SqliteDatabase, type SqliteOptions } from './sqlite-database.js'

const FILE = 'satchel.db'

/** A directory whose database a server of that version has made. */
async function madeBy(release: Release): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'satchel-next-'))
  await (await SqliteDatabase.open(join(directory, FILE), undefined, { release })).close()
  return directory
}

describe('SQLite as the next minor version leaves it', () => {
  describe('datasets', () => datasetStoreContract(async () => sqliteHarness(await madeBy(nextSqlite))))
  const identityStores = async () => sqliteIdentityStores(await madeBy(nextSqlite))
  identityStoresContract(identityStores)
  const streamStores = async (streams = {}) => inSqliteDirectory(await madeBy(nextSqlite), streams)
  streamStoresContract(streamStores)
})

describe('a database file between versions', () => {
  const directories: string[] = []
  afterEach(() => directories.splice(0).forEach((directory) => rmSync(directory, { recursive: true })))
  const fileOf = async (release: Release): Promise<string> => {
    const directory = await madeBy(release)
    directories.push(directory)
    return join(directory, FILE)
  }
  const openBy = async (file: string, options: SqliteOptions = {}): Promise<readonly string[]> => {
    const said: string[] = []
    await (await SqliteDatabase.open(file, undefined, { say: (sentence) => said.push(sentence), ...options })).close()
    return said
  }

  test('[MV1] one that the next minor version wrote lets this one in, which says so, and back again', async () => {
    const file = await fileOf(nextSqlite)
    const warning = 'written by a newer version of Satchel, 0.2.0, and may be used by 0.1.0 and newer; this is 0.1.0'
    expect(await openBy(file)).toEqual([expect.stringContaining(warning)])
    expect(await openBy(file, { release: nextSqlite })).toEqual([])
    expect(await openBy(file)).toHaveLength(1)
    const log = await openChangeLog(file)
    expect(await log.changeLog.rows({ after: 0, limit: 1 })).toEqual([])
    await log.close()
  })

  test('[MV1] one that takes away what this version needs refuses it, naming the versions, and lets the next one in', async () => {
    const file = await fileOf(afterNextSqlite)
    const refusal =
      /written by a newer version of Satchel, 0\.3\.0, and may be used by 0\.2\.0 and newer; this is 0\.1\.0/
    await expect(openBy(file)).rejects.toThrow(refusal)
    expect(await openBy(file, { release: nextSqlite })).toEqual([expect.stringContaining('this is 0.2.0')])
    await expect(openChangeLog(file)).rejects.toThrow(refusal)
  })

  test('[MV1] what a database demands is never lowered by an older server that runs its own migrations or none', async () => {
    const file = await fileOf(afterNextSqlite)
    await openBy(file, { release: nextSqlite })
    await expect(openBy(file)).rejects.toThrow('may be used by 0.2.0 and newer')
  })

  test('[MV1] a database from before it said anything says so from its next start on', async () => {
    const file = await fileOf({ ...nextSqlite, version: '0.1.0', migrations: nextSqlite.migrations.slice(0, -1) })
    const raw = new Database(file)
    raw.exec('DROP TABLE schema_standing')
    raw.close()
    expect(await openBy(file)).toEqual([])
    const after = new Database(file, { readonly: true })
    expect(after.prepare('SELECT * FROM schema_standing').all()).toEqual([
      { one: 1, newest_migration: 1750000000006, written_by: '0.1.0', oldest_server: '0.1.0' },
    ])
    after.close()
  })

  test('[MV3] killed before any statement of any migration, the next start completes what it left, and it comes to the same', async () => {
    const whole = shapeOf(await fileOf(nextSqlite))
    const directory = mkdtempSync(join(tmpdir(), 'satchel-next-'))
    directories.push(directory)
    // What SIGKILL would leave of the files is what is in them at that moment.
    const left: string[] = []
    const dying = nextSqlite.migrations.map(
      (Step) =>
        class extends Step {
          override up(runner: QueryRunner): Promise<void> {
            const query = async (sql: string): Promise<unknown> => {
              const copy = join(directory, `at-${left.length}`)
              mkdirSync(copy)
              for (const name of readdirSync(directory).filter((found) => found.startsWith(FILE))) {
                copyFileSync(join(directory, name), join(copy, name))
              }
              left.push(join(copy, FILE))
              return runner.query(sql)
            }
            return super.up({ query } as never)
          }
        },
    )
    await openBy(join(directory, FILE), { release: { ...nextSqlite, migrations: dying } })
    expect(left.length).toBeGreaterThan(60)
    for (const [at, file] of left.entries()) {
      await openBy(file, { release: nextSqlite })
      expect([at, shapeOf(file)]).toEqual([at, whole])
    }
  })

  test('[MV1] a migration that nobody vouches for is refused, whatever the database says of others', async () => {
    const file = await fileOf(nextSqlite)
    const raw = new Database(file)
    raw.exec(`INSERT INTO migration (timestamp, name) VALUES (0, 'NobodyKnows')`)
    raw.close()
    await expect(openBy(file)).rejects.toThrow(/newer version of Satchel.*NobodyKnows/)
  })
})

/** Everything that makes up the tables. */
function shapeOf(file: string): unknown {
  const raw = new Database(file, { readonly: true })
  const read = (sql: string) => raw.prepare(sql).all()
  const shape = [
    read('SELECT name, sql FROM sqlite_schema ORDER BY name'),
    read('SELECT name FROM migration ORDER BY id'),
    read('SELECT * FROM schema_standing'),
    read('SELECT * FROM history'),
  ]
  raw.close()
  return shape
}
