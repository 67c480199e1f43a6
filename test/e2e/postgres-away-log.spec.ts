import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { settled } from '../support/live-device.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const MASTER_KEY = Buffer.alloc(32, 7).toString('base64')
const AWAY_MS_MAX = 120_000
/** What in the background has to have failed for a run to prove anything. */
const FAILURES = 2

describeWithPostgres('the log of a server whose PostgreSQL is away', (postgres) => {
  let server: RunningServer | null = null
  afterEach(() => server?.kill())

  test(
    '[PL13] says once that the database does not answer and once that it does again, however much is tried meanwhile',
    async () => {
      server = await startServer({
        // A relay has its own work with the database, also where no broker answers.
        settings: {
          SATCHEL_DATABASE_URL: await postgres().createDatabase(),
          SATCHEL_MASTER_KEY: MASTER_KEY,
          SATCHEL_KAFKA_BROKERS: '127.0.0.1:1',
        },
      })
      const { url } = server
      const failures = async (): Promise<readonly number[]> => {
        const { text } = await exchange(url, { target: '/metrics' })
        const sum = (name: string) =>
          [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'gm'))].reduce(
            (all, [, n]) => all + Number(n),
            0,
          )
        return [sum('satchel_housekeeping_failed_total'), sum('satchel_stream_failures_total')]
      }
      const log = async () => (await server!.log()).filter(({ level }) => ['warn', 'error'].includes(String(level)))
      await eventually(async () => {
        const { text } = await exchange(url, { target: '/metrics' })
        await settled(/^satchel_stream_shards_held [1-9]/m.test(text), 'no shard is held')
      }, AWAY_MS_MAX)
      const before = (await log()).length
      await postgres().kill()
      await eventually(async () => {
        await exchange(url, { target: '/health/ready' }) // as a balancer does all the time
        const failed = await failures()
        await settled(
          failed.every((count) => count >= FAILURES),
          `only ${failed.join(' and ')} failures`,
        )
      }, AWAY_MS_MAX)
      const tried = await failures()
      await postgres().restart()
      await server.process.line(/the database answers again/)
      const said = (await log()).slice(before).map(({ level, msg }) => [level, msg])
      console.info(`${tried.join(' and ')} failures: ${JSON.stringify(said)}`)
      expect(said.filter(([level]) => level === 'error')).toEqual([])
      expect(said.filter(([, msg]) => String(msg).includes('database does not answer'))).toHaveLength(1)
    },
    2 * AWAY_MS_MAX,
  )

  test(
    '[F18] one that is told to stop meanwhile ends as usual',
    async () => {
      const url = await postgres().createDatabase()
      server = await startServer({ settings: { SATCHEL_DATABASE_URL: url, SATCHEL_MASTER_KEY: MASTER_KEY } })
      // It has something to give back then.
      const name = new URL(url).pathname.slice(1)
      await eventually(async () => {
        const held = await postgres().ask("SELECT 1 FROM stream_lease WHERE name = 'housekeeping'", name)
        await settled(held.length > 0, 'it is nobody’s turn yet')
      }, AWAY_MS_MAX)
      await postgres().kill()
      try {
        expect(await server.stop()).toEqual({ code: 0, signal: null })
        expect(server.process.output).not.toContain('did not stop cleanly')
      } finally {
        await postgres().restart()
      }
    },
    2 * AWAY_MS_MAX,
  )
})
