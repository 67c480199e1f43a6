import { createServer } from 'node:net'
import { adminOf, aGuest, aPool } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { exchange } from '../support/http-exchange.js'
import { aGuestBearer, batchOf, LiveDevice, watchOverHttp, type Bearer } from '../support/live-device.js'
import { metricOf } from '../support/metric-of.js'
import { Site } from '../support/nodes/site.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { RedisServer } from '../support/redis/redis-server.js'
import { describeWithRedis } from '../support/redis/describe-with-redis.js'
import type { RunningServer } from '../support/start-server.js'

/** Sooner than a device's own heartbeat, which comes every 30 seconds; the tests' devices have none. */
const LOOKED_MS = 20_000

const standingOf = async (server: RunningServer) => {
  const { status, json } = await exchange(server.url, { target: '/health/ready' })
  return { status, ...(json() as { ready: boolean; fanout?: { redis: string } }) }
}

const carries = (server: RunningServer, redis: 'up' | 'away') =>
  eventually(async () => expect((await standingOf(server)).fanout?.redis).toBe(redis), 20_000)

describeWithPostgres('nodes that do not hear each other', (postgres) => {
  const sites: Site[] = []
  const opened: LiveDevice[] = []
  afterEach(async () => {
    opened.splice(0).forEach((device) => device.close())
    await Promise.all(sites.splice(0).map((site) => site.close()))
  })

  const aSite = async (redisUrl: string | null) => {
    const site = await Site.start({ databaseUrl: await postgres().createDatabase(), redisUrl, nodes: 2 })
    sites.push(site)
    return { site, one: site.nodes[0]!, two: site.nodes[1]!, pool: await aPool(site.nodes[0]!) }
  }
  const watching = async (server: RunningServer, who: Bearer, dataset = 'settings'): Promise<LiveDevice> => {
    const device = await LiveDevice.open(server, who)
    opened.push(device)
    await device.watch({ dataset })
    return device
  }

  test('[RD6] without a Redis devices at another node are told within seconds, on sockets and over HTTP, once', async () => {
    const { site, one, two, pool } = await aSite(null)
    const who = await aGuestBearer(one, pool)
    const [writer, there] = [await watching(one, who), await watching(two, who)]
    const took: number[] = []
    for (let number = 1; number <= 5; number++) {
      const begun = performance.now()
      const base = number - 1
      await writer.sync({
        dataset: 'settings',
        epoch: 1,
        since: base,
        batch: batchOf(number, { key: 'a', value: '1', base }),
      })
      await there.hints(number, LOOKED_MS)
      took.push(Math.round(performance.now() - begun))
    }
    console.info(`without Redis a change was told at another node after ${took.join(', ')} ms`)
    expect(there.changed.map(({ base, through, records }) => [base, through, records])).toEqual(
      [1, 2, 3, 4, 5].map((count) => [count - 1, count, null]),
    )
    const waiting = watchOverHttp(two, who.token, { datasets: [{ dataset: 'settings', epoch: 1, since: 5 }] })
    await writer.sync({ dataset: 'settings', epoch: 1, since: 5, batch: batchOf(6, { key: 'a', value: '1', base: 5 }) })
    expect((await waiting).changed).toMatchObject([{ through: 6 }])
    expect(await metricOf(two, 'satchel_recount_looks_total')).toBeGreaterThan(0)
    expect(await standingOf(two)).not.toHaveProperty('fanout')
    expect(site.defects()).toEqual([])
  })

  test('[RD7] a Redis that is away keeps no node from starting or from being ready, and is used once it is there', async () => {
    const port = await freePort()
    const redisUrl = `redis://app:hunter2-hunter2@127.0.0.1:${port}`
    const begun = performance.now()
    const { site, one, two, pool } = await aSite(redisUrl)
    expect(performance.now() - begun).toBeLessThan(30_000)
    for (const node of [one, two]) {
      expect(await standingOf(node)).toMatchObject({ status: 200, ready: true, fanout: { redis: 'away' } })
      await node.process.line(
        /Warning: SATCHEL_REDIS_URL is set and Redis does not carry \(no connection to Redis \(ECONNREFUSED\)\)/,
      )
      expect(await metricOf(node, 'satchel_fanout_connected')).toBe(0)
    }
    const who = await aGuestBearer(one, pool)
    const [writer, there] = [await watching(one, who), await watching(two, who)]
    await writer.sync({ dataset: 'settings', batch: batchOf(1, { key: 'a', value: '1' }) })
    await there.hints(1, LOOKED_MS)
    expect(await metricOf(one, 'satchel_fanout_dropped_total')).toBeGreaterThan(0)

    const redis = await RedisServer.start(['--user', 'app', 'on', '>hunter2-hunter2', '&satchel:*', '+@all'], port)
    try {
      await Promise.all([carries(one, 'up'), carries(two, 'up')])
      await writer.sync({
        dataset: 'settings',
        epoch: 1,
        since: 1,
        batch: batchOf(2, { key: 'a', value: '2', base: 1 }),
      })
      const hints = await there.hints(2, 10_000)
      expect(hints[1]).toMatchObject({ base: 1, through: 2, records: [{ value: '2' }] })
    } finally {
      await redis.end()
    }
    await Promise.all([carries(one, 'away'), carries(two, 'away')])
    for (const { process } of site.nodes) {
      // One line when it was away at the start, one when it had gone, and none for each attempt between.
      const lines = () => process.stdout.filter((line) => line.includes('Redis does not carry'))
      await eventually(() => Promise.resolve(expect(lines()).toHaveLength(2)), 5_000)
      expect(process.output).not.toContain('hunter2')
    }
  })

  test('[RD7] a Redis that takes connections and says nothing holds up neither a start nor a stop', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = silent.address() as { port: number }
      const { one, two } = await aSite(`redis://127.0.0.1:${port}`)
      expect(await standingOf(one)).toMatchObject({ ready: true, fanout: { redis: 'away' } })
      const begun = performance.now()
      expect(await two.stop(10_000)).toMatchObject({ code: 0 })
      expect(performance.now() - begun).toBeLessThan(10_000)
    } finally {
      silent.close()
    }
  })

  describeWithRedis('and hear each other again', (redis) => {
    test('[RD5][RD6] whatever becomes of Redis, a device at another node is told of every change, and at once again afterwards', async () => {
      const { site, one, two, pool } = await aSite(redis().url)
      const who = await aGuestBearer(one, pool)
      const [writer, there] = [await watching(one, who), await watching(two, who)]
      let through = 0
      /** Writes once; answers how long it took until the other device was told of that count. */
      const told = async (): Promise<number> => {
        const begun = performance.now()
        const [base, number] = [through, ++through]
        await writer.sync({
          dataset: 'settings',
          epoch: 1,
          since: base,
          batch: batchOf(number, { key: 'a', value: '1', base }),
        })
        await eventually(
          async () => expect(await Promise.resolve(there.changed.at(-1)?.through)).toBe(number),
          LOOKED_MS,
        )
        return Math.round(performance.now() - begun)
      }
      const breaks: readonly (readonly [string, () => Promise<void> | void, () => Promise<void> | void])[] = [
        ['killed', () => redis().kill(), () => redis().restart()],
        ['frozen', () => redis().pause(), () => redis().resume()],
        ['killed again', () => redis().kill(), () => redis().restart()],
      ]
      expect(await told()).toBeLessThan(LOOKED_MS)
      for (const [what, begin, end] of breaks) {
        await begin()
        const without = [await told(), await told()]
        await Promise.all([carries(one, 'away'), carries(two, 'away')])
        without.push(await told())
        await end()
        await Promise.all([carries(one, 'up'), carries(two, 'up')])
        const records = there.changed.length
        const again = [await told(), await told()]
        // Told by hints again: those found by looking carry no records.
        expect(there.changed.slice(records).filter((hint) => hint.records !== null).length).toBeGreaterThanOrEqual(2)
        console.info(`Redis ${what}: told after ${without.join(', ')} ms, then after ${again.join(', ')} ms`)
      }
      expect(there.changed.map((hint) => hint.through)).toEqual(
        [...there.changed.map((hint) => hint.through)].sort((a, b) => a - b),
      )
      expect(site.defects()).toEqual([])
    })
  })

  test('an identity that is deleted at one node is refused at the other within seconds also without a Redis', async () => {
    const { one, two, pool } = await aSite(null)
    const somebody = await aGuest(two, pool)
    await somebody.device.list('settings')
    await adminOf(one).identity.deleteIdentities({ IdentityIdsToDelete: [somebody.identity] })
    await eventually(async () => expect((await somebody.device.listRaw('settings')).status).not.toBe(200), 10_000)
  })
})
