import 'reflect-metadata'
import pg from 'pg'
import { describeWithPostgres } from '../../../../../../test/support/postgres/describe-with-postgres.js'
import { freshDatabase, openDatabase } from '../../testing/postgres-databases.js'
import { VERSION } from '../../../version.js'
import { addressOf } from './address-of.js'
import { nodeName } from './node-name.js'
import { LANES, type PostgresDatabase } from './postgres-database.js'
import { prepared } from './prepared.js'

/** Three of them are reserved for superusers. */
const CONNECTIONS_MAX = 40

const nodeOf = (process: number) => nodeName({ host: 'host', process, nonce: 'abcd' })

describeWithPostgres(
  'connections of a PostgreSQL that has few',
  (postgres) => {
    const open: Readonly<{ close: () => Promise<void> }>[] = []
    afterEach(async () => {
      for (const each of open.splice(0)) await each.close()
    })

    const start = async (url: string, process: number, connections = 10): Promise<PostgresDatabase> => {
      const database = await openDatabase(url, { connections, node: nodeOf(process) })
      open.push(database)
      return database
    }
    const asUser = async (url: string, name: string, limit: number): Promise<string> => {
      await postgres().ask(`CREATE ROLE ${name} LOGIN CONNECTION LIMIT ${limit}`)
      await postgres().ask(`ALTER DATABASE ${new URL(url).pathname.slice(1)} OWNER TO ${name}`)
      return url.replace(/\/\/[^@]*@/, `//${name}:a-password@`)
    }

    test('[PL5] a pool that cannot fit into the connections of the server, of the user or of the database is refused with the figures', async () => {
      const url = await postgres().createDatabase()
      await expect(start(url, 1, 38)).rejects.toThrow(
        'SATCHEL_DATABASE_POOL is 38, and of its 40 connections (max_connections) 3 are reserved; lower the one or raise the other',
      )
      const limited = await asUser(url, 'limited', 8)
      await expect(start(limited, 1, 9)).rejects.toThrow(
        'SATCHEL_DATABASE_POOL is 9, and it allows 8 connections of this user (CONNECTION LIMIT of its role)',
      )
      await start(limited, 1, 8)
      const other = await postgres().createDatabase()
      const unlimited = await asUser(other, 'unlimited', -1)
      await postgres().ask(`ALTER DATABASE ${new URL(other).pathname.slice(1)} CONNECTION LIMIT 7`)
      await expect(start(unlimited, 1, 8)).rejects.toThrow(
        'it allows 7 connections of this database (CONNECTION LIMIT of the database)',
      )
      // They do not hold for superusers.
      await start(other, 2, 8)
    })

    test('[PL6] a server says at start when all servers together would not fit, or not while one is replaced', async () => {
      const url = await freshDatabase(postgres())
      expect((await start(url, 1)).warnings).toEqual([])
      expect((await start(url, 2)).warnings).toEqual([])
      expect((await start(url, 3)).warnings).toEqual([
        '3 servers with 10 connections each (SATCHEL_DATABASE_POOL) fit, but not one more, as there is when a new server starts before an old one has ended: ' +
          'the database has room for 37 beside the 0 of others. For restarts of one after the other lower the one, or raise max_connections.',
      ])
      expect((await start(url, 4)).warnings).toEqual([
        '4 servers with 10 connections each (SATCHEL_DATABASE_POOL) come to 40, and the database has room for 37 beside the 0 of others: lower the one, or raise max_connections.',
      ])
      // Tools come and go.
      const tool = await openDatabase(url)
      open.push(tool)
      expect(tool.warnings).toEqual([])
    })

    test('[PL6] what other programs have is not there for servers', async () => {
      const url = await freshDatabase(postgres())
      const others = Array.from({ length: 18 }, () => new pg.Client({ connectionString: url }))
      await Promise.all(others.map((client) => client.connect()))
      open.push({ close: () => Promise.all(others.map((client) => client.end())).then(() => {}) })
      expect((await start(url, 1)).warnings).toEqual([expect.stringContaining('room for 19 beside the 18 of others')])
    })

    test('[PL7] every connection has its limits of time, and a name that tells whose it is', async () => {
      const url = await freshDatabase(postgres())
      const database = await start(url, 1)
      const names = [
        'application_name',
        'idle_in_transaction_session_timeout',
        'lock_timeout',
        'statement_timeout',
        'tcp_keepalives_idle',
      ]
      const shown = prepared('SELECT name, setting FROM pg_settings WHERE name = ANY ($1::text[]) ORDER BY name')
      const expected = [nodeOf(1), '4000', '5000', '10000', '30']
      const settings = names.map((name, index) => ({ name, setting: expected[index] }))
      expect(await database.query(shown, [names])).toEqual(settings)
      expect(await database.commit((transaction) => transaction.query(shown, [names]))).toEqual(settings)
    })

    test('[PL7] bringing tables up to date gives up on a lock that somebody else keeps', async () => {
      const url = await freshDatabase(postgres())
      const holder = await openDatabase(url)
      open.push(holder)
      await holder.commit(async (transaction) => {
        await transaction.run(prepared('LOCK TABLE migration IN ACCESS EXCLUSIVE MODE'))
        await expect(openDatabase(url)).rejects.toThrow('canceling statement due to lock timeout')
      })
      await (await openDatabase(url)).close()
    })

    test('[X10] a database that takes no writes, as a standby does, is refused by a server, and good enough for a tool that reads', async () => {
      const url = await freshDatabase(postgres())
      await postgres().ask(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = on`)
      await expect(start(url, 1)).rejects.toThrow(
        `the database at ${addressOf(url)} cannot be used: it takes no writes, as it is a standby or its default_transaction_read_only is on`,
      )
      open.push(await openDatabase(url))
    })

    test('[PL5] no more than a pool are ever open, commits among them', async () => {
      const url = await freshDatabase(postgres())
      const database = await start(url, 1, LANES + 2)
      const slow = prepared('SELECT pg_sleep(0.1)')
      const asked = Array.from({ length: 20 }, () => [
        database.query(slow),
        database.commit((transaction) => transaction.query(slow)),
      ]).flat()
      await asked[0]
      const [row] = await postgres().ask<{ open: string }>(
        `SELECT count(*) AS open FROM pg_stat_activity WHERE application_name = '${nodeOf(1)}'`,
      )
      expect(Number(row!.open)).toBe(LANES + 2)
      await Promise.all(asked)
    })
  },
  { settings: { max_connections: String(CONNECTIONS_MAX) } },
)

test('[PL6] a name fits into what PostgreSQL keeps of it, whatever the host is called', () => {
  expect(nodeOf(7)).toBe(`satchel node host 7-abcd ${VERSION}`)
  const long = nodeName({ host: 'ü'.repeat(100), process: 4_194_304, nonce: 'abcd' })
  expect([long.length, long]).toEqual([63, expect.stringMatching(/^satchel node \?+ 4194304-abcd \S+$/)])
})
