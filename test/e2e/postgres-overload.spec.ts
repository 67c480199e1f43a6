import { CognitoIdentity } from '@aws-sdk/client-cognito-identity'
import { Client } from 'pg'
import { aGuest, aPool, at } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { aGuestBearer, asking, LiveDevice } from '../support/live-device.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { errorOf, replace, type Listing } from '../support/wire-client.js'

const MASTER_KEY = Buffer.alloc(32, 7).toString('base64')
/** Two of them for commits, and four for everything else. */
const POOL = '6'
/** What the longest statement may take, a connection may take to open, and some for this machine. */
const GIVEN_UP_MS_MAX = 30_000

describeWithPostgres('a server whose PostgreSQL has too much to do', (postgres) => {
  let server: RunningServer
  let url: string
  beforeEach(async () => {
    url = await postgres().createDatabase()
    server = await startServer({
      settings: { SATCHEL_DATABASE_URL: url, SATCHEL_MASTER_KEY: MASTER_KEY, SATCHEL_DATABASE_POOL: POOL },
    })
  })
  afterEach(async () => {
    postgres().resume()
    await server.kill()
  })

  const ready = async () => {
    const { status, text } = await exchange(server.url, { target: '/health/ready' })
    return { status, ...(JSON.parse(text) as { checks: Record<string, unknown> }) }
  }
  const metric = async (name: string): Promise<number> => {
    const { text } = await exchange(server.url, { target: '/metrics' })
    const line = text.split('\n').find((each) => each.startsWith(`${name} `))
    return Number(line?.split(' ').at(-1))
  }
  test('[PL1] [PL2] [PL4] reads, identity operations and messages of sockets are refused with a time to come again, and served once there is room', async () => {
    const pool = await aPool(server)
    const { device } = await aGuest(server, pool)
    await device.write('settings', replace('theme', 'dark'))
    const live = await LiveDevice.open(server, await aGuestBearer(server, pool))
    const identity = new CognitoIdentity({ ...at(server), maxAttempts: 1 })
    const locker = new Client({ connectionString: url })
    locker.on('error', () => {}) // told by the answer
    await locker.connect()
    await locker.query('BEGIN; LOCK TABLE dataset IN ACCESS EXCLUSIVE MODE')

    let locked = true
    const load = Array.from({ length: 20 }, async () => {
      while (locked) await device.listRaw('settings')
    })
    const sync = { device: live.name, datasets: [asking({ dataset: 'settings' })] }
    const refused = <T>(ask: () => Promise<T>, shape: object) =>
      eventually(async () => expect(await ask()).toMatchObject(shape), 60_000)
    await Promise.all([
      refused(() => device.listRaw('settings').then((answer) => ({ ...answer, type: errorOf(answer).type })), {
        status: 429,
        type: 'TooManyRequestsException',
        headers: { 'retry-after': '1' },
      }),
      // Whoever comes when nothing has moved for seconds is told that the database does not answer, which is as true.
      refused(() => live.ask('sync', sync), {
        ok: false,
        error: { code: expect.stringMatching(/^(TooManyRequests|ServiceUnavailable)$/), retryAfterMs: 1_000 },
      }),
      refused(() => identity.getId({ IdentityPoolId: pool }).catch((fault: unknown) => fault), {
        name: expect.stringMatching(/^(TooManyRequests|ServiceUnavailable)Exception$/),
      }),
      refused(ready, { status: 200, checks: { database: 'busy', queue: 'ok' } }),
    ])
    expect((await exchange(server.url, { target: '/health/live' })).status).toBe(200)
    expect(await metric('satchel_database_refused_total{kind="others"}')).toBeGreaterThan(0)
    await eventually(
      async () => expect(await metric('satchel_database_connections_in_use{kind="others"}')).toBe(4),
      20_000,
    )
    expect(await metric('satchel_database_connections_max{kind="commits"}')).toBe(2)

    locked = false
    await locker.query('ROLLBACK')
    await locker.end()
    await Promise.all(load)
    await eventually(
      async () => expect(await ready()).toMatchObject({ status: 200, checks: { database: 'ok' } }),
      20_000,
    )
    expect((await device.list('settings')).Records).toMatchObject([{ Key: 'theme', Value: 'dark' }])
    expect((await live.sync({ dataset: 'settings' })).datasets).toHaveLength(1)
    live.close()
  })

  test('[PL7] a PostgreSQL that hangs without a word leads to refusals within bounded time, and all goes on when it wakes', async () => {
    const pool = await aPool(server)
    const { device } = await aGuest(server, pool)
    const { SyncSessionToken } = await device.list('settings')
    postgres().pause()
    const pausedAt = performance.now()
    const asked = [
      ...Array.from({ length: 6 }, () => device.listRaw('settings')),
      device.updateRaw('settings', SyncSessionToken, [replace('theme', 'dark')]),
    ]
    // While those wait for an answer, others are told early, and the process says what is the matter.
    await eventually(async () => expect(errorOf(await device.listRaw('settings')).status).toBe(503), 20_000)
    const toldMs = Math.round(performance.now() - pausedAt)
    expect(await ready()).toMatchObject({ status: 503, checks: { database: 'failing' } })
    const answers = await Promise.all(asked)
    const allMs = Math.round(performance.now() - pausedAt)
    console.info(`refused with 503 after ${toldMs} ms; the last that was under way was given up after ${allMs} ms`)
    for (const { status } of answers) expect([429, 503]).toContain(status)
    expect(answers.at(-1)!.status).toBe(503)
    expect(allMs).toBeLessThan(GIVEN_UP_MS_MAX)
    postgres().resume()
    const again = await eventually(async () => {
      const answer = await device.updateRaw('settings', SyncSessionToken, [replace('theme', 'dark')])
      expect(answer.status).toBe(200)
      return answer
    }, 30_000)
    // The batch was never applied twice, whatever became of the commit that hung.
    expect(again.text).toContain('"SyncCount":1')
    const listed: Listing = await device.list('settings')
    expect(listed.DatasetSyncCount).toBe(1)
    expect(await ready()).toMatchObject({ status: 200 })
  })
})
