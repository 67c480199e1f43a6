import 'reflect-metadata'
import pg from 'pg'
import type { QueryRunner } from 'typeorm'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { eventually } from '../../../../../../test/support/eventually.js'
import { SystemClock } from '../../../runtime/clock.js'
import { SystemRandom } from '../../../runtime/random.js'
import { statementsOf } from '../testing/migration-rules.js'
import { ADDITIONS, afterNextPostgres, nextPostgres } from '../testing/next-release.js'
import { freshDatabase, openDatabase } from '../../testing/postgres-databases.js'
import type { Release } from '../release.js'
import { migrate, MIGRATION_LOCK, type MigrateOptions } from './migrate.js'
import { nodeName } from './node-name.js'
import { prepared } from './prepared.js'

const nameIn = (url: string): string => new URL(url).pathname.slice(1)

describeWithPostgres('bringing the tables of PostgreSQL up to date', (postgres) => {
  const run = (url: string, over: Partial<MigrateOptions> = {}) =>
    migrate({ url, partitions: null, clock: new SystemClock(), random: new SystemRandom(), ...over })

  /** Everything that makes up the tables, in words. */
  const shapeOf = async (url: string): Promise<string> => JSON.stringify(await postgres().ask(SHAPE, nameIn(url)))

  /** A release whose migrations end their own connection, as SIGKILL of the process does, once so many statements of them were run. */
  const dyingAfter = (statements: number, release: Release): Release => {
    let left = statements
    return {
      ...release,
      migrations: release.migrations.map(
        (Step) =>
          class extends Step {
            override up(runner: QueryRunner): Promise<void> {
              const query = async (sql: string): Promise<unknown> => {
                if (left-- === 0) await runner.query('SELECT pg_terminate_backend(pg_backend_pid())')
                return runner.query(sql)
              }
              return super.up({ query } as never)
            }
          },
      ),
    }
  }

  test('[MV3] killed before any statement of any migration, nothing of it is there, and the next start completes it', async () => {
    const release = nextPostgres(2)
    const whole = await postgres().createDatabase()
    await run(whole, { release })
    const url = await postgres().createDatabase()
    await run(url, { release: { ...release, migrations: [] } })
    let kills = 0
    for (const [at, Step] of release.migrations.entries()) {
      const upToThis = { ...release, migrations: release.migrations.slice(0, at + 1) }
      const { statements } = await statementsOf(new Step())
      for (let after = 0; after < statements.length; after++, kills++) {
        await expect(run(url, { release: dyingAfter(after, upToThis) })).rejects.toThrow(/terminat|Connection/)
        const ran = await postgres().ask<{ name: string }>('SELECT name FROM migration ORDER BY id', nameIn(url))
        expect([after, ran.length]).toEqual([after, at])
      }
      await run(url, { release: upToThis })
    }
    expect(kills).toBeGreaterThan(60)
    expect(await shapeOf(url)).toBe(await shapeOf(whole))
  })

  test('[MV3] one that waits for another says so, and then finds nothing to do', async () => {
    const url = await postgres().createDatabase()
    const other = new pg.Client(url)
    await other.connect()
    await other.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
    const said: string[] = []
    const waiting = run(url, { say: (sentence) => said.push(sentence) })
    await eventually(
      () => Promise.resolve(expect(said).toEqual([expect.stringContaining('this one waits for it')])),
      20_000,
    )
    expect(await postgres().ask("SELECT to_regclass('record') AS found", nameIn(url))).toEqual([{ found: null }])
    await other.end()
    await waiting
    expect(await postgres().ask("SELECT to_regclass('record') AS found", nameIn(url))).toEqual([{ found: 'record' }])
  })

  test('[MV3] a change that waits behind a long transaction steps aside for writers again and again, until it has its moment', async () => {
    const url = await freshDatabase(postgres())
    const server = await openDatabase(url)
    const reader = new pg.Client(url)
    await reader.connect()
    await reader.query('BEGIN')
    await reader.query('SELECT count(*) FROM history') // as a backup of hours does
    const said: string[] = []
    const migrating = run(url, { release: nextPostgres(), say: (sentence) => said.push(sentence) })
    let [worst, writes] = [0, 0]
    await eventually(async () => {
      const begun = performance.now()
      await server.query(prepared('UPDATE history SET epoch_base = epoch_base + 1'))
      worst = Math.max(worst, performance.now() - begun)
      writes++
      expect(said).toEqual([expect.stringContaining('tried again and again')])
      expect(worst).toBeGreaterThan(300) // one was held up for once, and went on
    }, 60_000)
    await reader.query('COMMIT')
    await reader.end()
    await migrating
    console.info(`of ${writes} writes beside a migration that waited the slowest took ${Math.round(worst)} ms`)
    expect(worst).toBeLessThan(5_000)
    await server.close()
  })

  test('[MV3] a limit of time that the database sets for its statements does not end a change of the tables', async () => {
    const url = await postgres().createDatabase()
    await postgres().ask(`ALTER DATABASE ${nameIn(url)} SET statement_timeout = '300ms'`)
    const { version, migrations } = nextPostgres()
    const last = class extends migrations.at(-1)! {
      override async up(runner: QueryRunner): Promise<void> {
        await runner.query('SELECT pg_sleep(1)') // as building an index takes its time
        await super.up(runner)
      }
    }
    await run(url, { release: { version, migrations: [...migrations.slice(0, -1), last] } })
    expect(await postgres().ask("SELECT to_regclass('next_thing') AS found", nameIn(url))).toEqual([
      { found: 'next_thing' },
    ])
  })

  test('[MV3] what is added to large tables holds up no writer for long', async () => {
    const url = await freshDatabase(postgres())
    const rows = 200_000
    await postgres().ask(
      `INSERT INTO record (identity_id, dataset, "key", sync_count, modified_at, modified_by, value)
         SELECT 'us-east-1:' || n, 'settings', 'key', 1, 1, 'me', repeat('v', 200) FROM generate_series(1, ${rows}) AS n`,
      nameIn(url),
    )
    const server = await openDatabase(url)
    const times: number[] = []
    let done = false
    const writing = (async () => {
      for (let n = 1; !done; n++) {
        const begun = performance.now()
        await server.query(prepared('UPDATE record SET sync_count = sync_count + 1 WHERE identity_id = $1'), [
          `us-east-1:${n}`,
        ])
        times.push(performance.now() - begun)
      }
    })()
    await eventually(() => Promise.resolve(expect(times.length).toBeGreaterThan(20)), 20_000)
    const begun = performance.now()
    await run(url, { release: nextPostgres() })
    const took = performance.now() - begun
    done = true
    await writing
    await server.close()
    const worst = Math.max(...times)
    console.info(
      `${ADDITIONS.length} additions to ${rows} records took ${Math.round(took)} ms; the slowest of ${times.length} writes beside them ${Math.round(worst)} ms`,
    )
    expect(worst).toBeLessThan(3_000)
  })

  test('[MV1] what older servers use is not taken from under those that are at work', async () => {
    const url = await freshDatabase(postgres())
    const node = nodeName({ host: 'host', process: 1, nonce: 'abcd' })
    const server = await openDatabase(url, { node })
    const before = await shapeOf(url)
    await expect(run(url, { release: afterNextPostgres() })).rejects.toThrow(
      /servers of version 0\.1\.0 are at work on the database .*, and this version needs all to be 0\.2\.0 or newer/,
    )
    expect(await shapeOf(url)).toBe(before)
    await run(url, { release: nextPostgres() })
    await server.close()
    await eventually(() => run(url, { release: afterNextPostgres() }), 20_000)
  })

  test('[MV3] a start that has nothing to do needs no right but to read', async () => {
    const url = await freshDatabase(postgres())
    const before = await postgres().ask('SELECT xmin FROM schema_standing', nameIn(url))
    await run(url)
    expect(await postgres().ask('SELECT xmin FROM schema_standing', nameIn(url))).toEqual(before)
  })
})

const SHAPE = `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
  WHERE table_schema = 'public' UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT 'ran', name, '', '', '' FROM migration
  UNION ALL SELECT 'standing', newest_migration::text, written_by, oldest_server, '' FROM schema_standing
  ORDER BY 1, 2`
