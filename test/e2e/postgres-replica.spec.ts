import { aGuest, aPool } from '../support/a-pool.js'
import { exchange } from '../support/http-exchange.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import type { PostgresServer } from '../support/postgres/postgres-server.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { replace } from '../support/wire-client.js'

const RECORDS = 300
const MASTER_KEY = Buffer.alloc(32, 7).toString('base64')

describeWithPostgres('a server with a read replica', (postgres) => {
  const opened: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close()
  })

  const start = async (url: string, replica: string): Promise<RunningServer> => {
    const server = await startServer({
      settings: {
        SATCHEL_DATABASE_URL: url,
        SATCHEL_DATABASE_REPLICA_URL: replica,
        SATCHEL_MASTER_KEY: MASTER_KEY,
      },
    })
    opened.push(() => server.kill())
    return server
  }
  const listings = async ({ url }: RunningServer, source: string): Promise<number> => {
    const { text } = await exchange(url, { target: '/metrics' })
    const line = text.split('\n').find((each) => each.startsWith(`satchel_listings_total{source="${source}"}`))
    return Number(line?.split(' ').at(-1) ?? 0)
  }

  test('[PL8] [PL9] lists what a device just wrote, again and again, and has the replica answer once it has caught up', async () => {
    const standby: PostgresServer = await postgres().startReplica()
    opened.push(() => standby.end())
    const url = await postgres().createDatabase()
    const server = await start(url, standby.url(new URL(url).pathname.slice(1)))
    const { device } = await aGuest(server, await aPool(server))
    for (let round = 0; round < 20 || (await listings(server, 'replica')) === 0; round++) {
      const keys = Array.from({ length: RECORDS }, (_, n) => replace(`k${n}`, `v${round}`, round))
      await device.write('settings', ...keys)
      const { DatasetSyncCount, Records } = await device.list('settings')
      expect([DatasetSyncCount, Records.length, Records[0]!.Value]).toEqual([round + 1, RECORDS, `v${round}`])
      await device.list('settings')
    }
  })

  test('[PL9] starts and serves where there is none', async () => {
    const url = await postgres().createDatabase()
    const server = await start(url, 'postgres://satchel:a-password-nobody-may-see@127.0.0.1:1/none')
    const { device } = await aGuest(server, await aPool(server))
    await device.write('settings', ...Array.from({ length: RECORDS }, (_, n) => replace(`k${n}`, 'v')))
    for (let n = 0; n < 3; n++) expect((await device.list('settings')).Records).toHaveLength(RECORDS)
    expect(await listings(server, 'away')).toBeGreaterThan(0)
    expect(server.process.output).not.toContain('a-password-nobody-may-see')
  })
})
