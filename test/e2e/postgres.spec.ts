import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { adminOf, aGuest, aPool } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { SERVER_MAIN, spawnServer, startServer, type RunningServer } from '../support/start-server.js'
import { deviceAt, errorOf, replace } from '../support/wire-client.js'

const MASTER_KEY = Buffer.alloc(32, 7).toString('base64')
const ADMIN = {
  SATCHEL_ADMIN_ACCESS_KEY_ID: 'AKIAPOSTGRESTESTS000',
  SATCHEL_ADMIN_SECRET_ACCESS_KEY: 'a secret that is long enough for anybody'.replaceAll(' ', '-'),
}
const SECRET = 'a-password-nobody-may-see'

describeWithPostgres('servers on PostgreSQL', (postgres) => {
  const servers: RunningServer[] = []
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.kill()))
  })

  const start = async (url: string, settings: Readonly<Record<string, string>> = {}): Promise<RunningServer> => {
    const own = { SATCHEL_DATABASE_URL: url, SATCHEL_MASTER_KEY: MASTER_KEY, ...ADMIN }
    const server = await startServer({ settings: { ...own, ...settings } })
    servers.push(server)
    return server
  }
  const refusalOf = async (settings: Readonly<Record<string, string>>): Promise<string> => {
    const dataDir = mkdtempSync(join(tmpdir(), 'satchel-refused-'))
    const started = spawnServer({ SATCHEL_DATA_DIR: dataDir, SATCHEL_MASTER_KEY: MASTER_KEY, ...settings })
    const { code } = await started.end()
    rmSync(dataDir, { recursive: true })
    expect([code, started.output.includes(SECRET)]).toEqual([1, false])
    return started.output
  }

  test('[X1] [X3] two servers started at once on an empty database are one service: what one took, the other has', async () => {
    const url = await postgres().createDatabase()
    const divided = { SATCHEL_DATABASE_PARTITIONS: '4' }
    const [one, other] = await Promise.all([start(url, divided), start(url, divided)])
    const pool = await aPool(one)
    const guest = await aGuest(one, pool)
    await guest.device.write('settings', replace('theme', 'dark'))
    const elsewhere = deviceAt(other, guest)
    const { DatasetSyncCount, Records, SyncSessionToken } = await elsewhere.list('settings')
    expect([DatasetSyncCount, Records]).toMatchObject([1, [{ Key: 'theme', Value: 'dark' }]])
    // A session opened on the one may be spent on the other, and its batch be sent again to the first.
    const patches = [replace('theme', 'light', 1)]
    const first = await elsewhere.updateRaw('settings', SyncSessionToken, patches)
    const again = await guest.device.updateRaw('settings', SyncSessionToken, patches)
    expect([first.status, again.status, again.text]).toEqual([200, 200, first.text])
    expect((await guest.device.list('settings')).DatasetSyncCount).toBe(2)
    const { IdentityPoolUsage } = await adminOf(other).sync.describeIdentityPoolUsage({ IdentityPoolId: pool })
    expect(IdentityPoolUsage).toMatchObject({ DataStorage: 10 })
    expect(readdirSync(one.dataDir)).not.toContain('satchel.db')
    expect([one.process.output, other.process.output].join('').includes(SECRET)).toBe(false)
    expect((await one.stop()).code).toBe(0)
    expect((await other.stop()).code).toBe(0)
  })

  test('[X9] while the database is away callers are told to come again, and are served once it is back', async () => {
    const server = await start(await postgres().createDatabase())
    const pool = await aPool(server)
    const { device } = await aGuest(server, pool)
    const { SyncSessionToken } = await device.list('settings')
    await postgres().kill()
    const refused = await device.updateRaw('settings', SyncSessionToken, [replace('theme', 'dark')])
    expect([refused.status, errorOf(refused).type]).toEqual([503, 'ServiceUnavailableException'])
    expect(refused.headers['retry-after']).toBe('1')
    await postgres().restart()
    const answered = await eventually(async () => {
      const answer = await device.updateRaw('settings', SyncSessionToken, [replace('theme', 'dark')])
      expect(answer.status).toBe(200)
      return answer
    }, 10_000)
    expect(answered.text).toContain('"SyncCount":1')
    expect((await device.list('settings')).DatasetSyncCount).toBe(1)
  })

  test('[X10] a database that cannot be used keeps a server from starting, with a sentence that shows no password', async () => {
    const there = await postgres().createDatabase()
    const nowhere = there.replace(/:\d+\//, ':1/')
    expect(await refusalOf({ SATCHEL_DATABASE_URL: nowhere })).toMatch(
      /the database at 127\.0\.0\.1:1\/test_\d+ cannot be used: connect ECONNREFUSED/,
    )
    expect(await refusalOf({ SATCHEL_DATABASE_URL: postgres().url('no_such') })).toContain(
      'cannot be used: database "no_such" does not exist',
    )
    expect(await refusalOf({ SATCHEL_DATABASE_URL: there, SATCHEL_DATABASE_POOL: '99' })).toContain(
      'SATCHEL_DATABASE_POOL is 99, and of its 100 connections (max_connections) 3 are reserved',
    )
    await postgres().ask(`ALTER DATABASE ${new URL(there).pathname.slice(1)} SET synchronous_commit = off`)
    expect(await refusalOf({ SATCHEL_DATABASE_URL: there })).toContain('its synchronous_commit is off')
  })

  test('[X11] a new epoch is begun in the database, once no server is at work on it', async () => {
    const url = await postgres().createDatabase()
    const server = await start(url)
    const { device } = await aGuest(server, await aPool(server))
    await device.write('settings', replace('theme', 'dark'))
    const env = {
      PATH: process.env['PATH'] ?? '',
      SATCHEL_DATA_DIR: server.dataDir,
      SATCHEL_DATABASE_URL: url,
      SATCHEL_MASTER_KEY: MASTER_KEY,
      ...ADMIN,
    }
    const begun = () => promisify(execFile)(process.execPath, [SERVER_MAIN, '--new-epoch'], { env })
    const epoch = async () => {
      const asked = postgres().ask<{ epoch: string }>('SELECT epoch FROM dataset', new URL(url).pathname.slice(1))
      return Number((await asked)[0]!.epoch)
    }
    const refused = (await begun().catch((fault: unknown) => fault)) as { code: number; stderr: string }
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(
      new RegExp(`^no new epoch was begun: a server is at work on the database \\(\\S+ ${server.process.pid}-\\S+ `),
    )
    expect(await epoch()).toBe(1)

    await server.stop()
    expect((await begun()).stderr).toContain('A new epoch has begun for 1 datasets in the database.')
    expect(await epoch()).toBeGreaterThan(1_000_000)
  })
})
