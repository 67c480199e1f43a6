import 'reflect-metadata'
import { AWS_LIMITS } from '@satchel/protocol'
import Database from 'better-sqlite3'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { IDENTITY, path, POOL, remove, replace } from '../../../domain/testing/a-dataset.js'
import { judgeSignIn } from '../../../domain/linking.js'
import { freshDatabase, openDatabase } from '../../testing/postgres-databases.js'
import { nodeOn } from '../../testing/postgres-stores.js'
import { told } from '../../testing/told.js'
import { aTarget, STREAMS, StreamHarness } from '../../testing/stream-harness.js'
import { openSqliteStores } from '../open-sqlite-stores.js'
import { aSiteToCopy } from '../testing/a-site-to-copy.js'
import { COPIED_TABLES } from './copied-table.js'

describeWithPostgres('a site copied from SQLite into PostgreSQL', (postgres) => {
  const { file, copy } = aSiteToCopy()

  /** A site that has something in each table, and has stopped; what it answered is what it is to answer. */
  const aSite = async () => {
    const site = await StreamHarness.over(await openSqliteStores(file(), STREAMS))
    await site.setTarget(aTarget({ payloadBytesMax: 2_000 }))
    const login = { provider: 'login.example.com', userId: 'ada' }
    const fresh = IDENTITY.replace(/.$/, 'e') as typeof IDENTITY
    const { stores } = site
    await stores.identities.signIn({ pool: POOL, login, named: null, fresh, at: 5 }, judgeSignIn)
    const closedUnder = { fingerprint: '0123456789ab', at: 4 }
    await stores.signingKeys.addFirst({
      kid: 'k',
      publicJwk: '{}',
      closedPrivateKey: 'x',
      createdAt: 1,
      signsFrom: 3,
      closedUnder,
    })
    const spent = site.update([replace('a', 'é😀'), replace('gone', '1')])
    await site.commit([spent])
    await site.commit([
      site.update([remove('gone', 1), { ...replace('big', 'x'.repeat(5_000)), deviceModifiedAt: 1.5 }]),
    ])
    await site.commit([
      site.update([replace('b', '')], path('old')),
      { kind: 'delete', path: path('old'), at: 9, by: 'me' },
    ])
    await stores.datasets.addSyncSessions(new Map([[POOL, 7]]))
    const [first] = await site.rows()
    await stores.outbox.park({ streamName: 'other', reason: 'gone', at: 1 })
    const now = Date.now()
    const [lease] = await stores.leases.take({ names: ['shard-x'], holder: 'me', now, until: now + 60_000 })
    await stores.outbox.markPublished({ shard: first!.shard, lease: lease!, seqs: [first!.seq], now })
    await stores.bulkPublishes.begin({ pool: POOL, at: 5, unlessCompletedAfter: 0 })
    await stores.datasets.beginEpoch(77)
    const before = await told(stores)
    await site.close()
    return { spent, before, lease: lease!, login, fresh }
  }

  test('[X30] counts, epochs, records, markers, keys, leases and the outbox, in its order, are as they were', async () => {
    const { spent, before, lease, login, fresh } = await aSite()
    const url = await postgres().createDatabase()
    const progress: { done: number; of: number }[] = []
    const copied = await copy(url, (at) => progress.push(at), 4)
    expect(progress.at(-1)!.done).toBe(progress.at(-1)!.of)
    expect(copied.sums.get('record')!.rows).toBe(3)
    const site = await nodeOn(url)
    expect(await told(site)).toEqual(before)
    expect(await site.identities.findByLogin(POOL, login)).toBe(fresh)
    const [repeated] = await site.datasets.commit([spent], AWS_LIMITS)
    expect(repeated).toMatchObject({ kind: 'repeated', syncCount: 1 })
    const origin = { id: 'next', number: 0, hash: 'h' }
    const next = {
      kind: 'update' as const,
      path: path(),
      batch: [replace('a', '2', 1)],
      origin,
      device: null,
      at: 1,
      by: 'x',
    }
    expect(await site.datasets.commit([next], AWS_LIMITS)).toMatchObject([
      { kind: 'accepted', dataset: { syncCount: 3 } },
    ])
    const rows = await site.changeLog.rows({ after: 0, limit: 99 })
    expect(rows.at(-1)!.seq).toBe(before.rows.at(-1)!.seq + 1)
    const now = Date.now()
    expect(await site.leases.take({ names: [lease.name], holder: 'other', now, until: now + 1 })).toEqual([])
    await site.close()
  })

  test('[X30] every table and column of either database is copied, but what it makes itself', async () => {
    const listed = COPIED_TABLES.flatMap(({ name, columns }) => columns.map((column) => `${name}.${column.name}`))
    // What SQLite counts as waiting follows from the pointers.
    const ownTables = ['history', 'migration', 'outbox_waiting', 'schema_standing']
    await (await openSqliteStores(file())).close()
    const sqlite = new Database(file())
    const inSqlite = sqlite
      .prepare(SQLITE_COLUMNS)
      .pluck()
      .all(...ownTables)
    sqlite.close()
    expect(inSqlite).toEqual([...listed].sort())
    const name = new URL(await freshDatabase(postgres())).pathname.slice(1)
    const inPostgres = await postgres().ask<{ column: string }>(POSTGRES_COLUMNS, name)
    expect(inPostgres.map(({ column }) => column)).toEqual([...listed].sort())
  })

  test('[X31] [PL12] a copy that was interrupted goes on, and until it is whole no server starts on it', async () => {
    const { before } = await aSite()
    const url = await postgres().createDatabase()
    const interrupted = copy(url, ({ done }) => {
      if (done > 4) throw new Error('the power went')
    })
    await expect(interrupted).rejects.toThrow('the power went')
    await expect(openDatabase(url)).rejects.toThrow(UNFINISHED)
    expect(await copy(url)).toMatchObject({ kind: 'finished', removed: 0 })
    const site = await nodeOn(url)
    expect(await told(site)).toEqual(before)
    await site.close()
  })

  test('[X30] [X34] parts that were asked for are those of the tables, also where the copy was finished before', async () => {
    await aSite()
    const url = await postgres().createDatabase()
    await copy(url)
    for (const partitions of [4, 8]) {
      await expect(copy(url, undefined, partitions)).rejects.toThrow(
        `SATCHEL_DATABASE_PARTITIONS is ${partitions}, and the tables of this database were made with 0`,
      )
    }
    expect(await copy(url)).toMatchObject({ kind: 'unchanged' })
  })

  test('[X34] a database that cannot be reached, or is not there, is named', async () => {
    await aSite()
    const url = new URL(await postgres().createDatabase())
    const nowhere = new URL(url)
    nowhere.port = '1'
    await expect(copy(String(nowhere))).rejects.toThrow(
      `the database at ${url.hostname}:1${url.pathname} cannot be used: connect ECONNREFUSED`,
    )
    const uncertain = new URL(url)
    uncertain.search = '?sslmode=verify-full&sslrootcert=/no/such/file.pem'
    await expect(copy(String(uncertain))).rejects.toThrow(/the database at \S+ cannot be used: ENOENT.*file\.pem/)
    url.pathname = '/no_such_database'
    await expect(copy(String(url))).rejects.toThrow(
      /the database at \S+\/no_such_database cannot be used: database "no_such_database" does not exist/,
    )
  })

  test('[X31] no server starts on a copy that turns out to be another', async () => {
    await aSite()
    const url = await freshDatabase(postgres())
    const name = new URL(url).pathname.slice(1)
    await postgres().ask(
      `CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.value = NEW.value || '!'; RETURN NEW; END $$;
       CREATE TRIGGER spoil BEFORE INSERT ON record FOR EACH ROW EXECUTE FUNCTION spoil()`,
      name,
    )
    await expect(copy(url)).rejects.toThrow(
      /table record has 3 rows, checksum \w+, and in the database .* it has 3 rows/,
    )
    await expect(openDatabase(url)).rejects.toThrow(UNFINISHED)
  })
})

const UNFINISHED = 'holds a copy of a site that is not finished; stop the server that it is made from'

const SQLITE_COLUMNS = `SELECT t.name || '.' || c.name AS column FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
  WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT IN (?, ?, ?, ?) ORDER BY 1`

const POSTGRES_COLUMNS = `SELECT table_name || '.' || column_name AS column FROM information_schema.columns
  WHERE table_schema = 'public' AND is_generated = 'NEVER' AND table_name NOT IN ('history', 'migration', 'schema_standing')
  ORDER BY (table_name || '.' || column_name) COLLATE "C"`
