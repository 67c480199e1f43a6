import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { metricOf } from '../support/metric-of.js'
import { Site } from '../support/nodes/site.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { describeWithRedis } from '../support/redis/describe-with-redis.js'
import type { RunningServer } from '../support/start-server.js'
import { TcpProxy } from '../support/tcp-proxy.js'

const SEEN_MS = 30_000
/** Longer than the lease by which settings are compared, and a look more. */
const COMPARED_MS = 60_000

const readinessOf = async (node: RunningServer) => {
  const { status, json } = await exchange(node.url, { target: '/health/ready' })
  return { status, ...json() }
}

describeWithPostgres('one node among others', (postgres) => {
  describeWithRedis('that', (redis) => {
    let site: Site
    let proxy: TcpProxy
    let one: RunningServer
    let two: RunningServer
    beforeAll(async () => {
      site = await Site.start({ databaseUrl: await postgres().createDatabase(), redisUrl: redis().url, nodes: 1 })
      proxy = await TcpProxy.start(redis().url)
      one = site.nodes[0]!
      two = await site.restart(1, {
        SATCHEL_REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
        SATCHEL_TOMBSTONE_DAYS: '7',
        SATCHEL_LOG_LEVEL: 'info',
      })
    }, 60_000)
    afterAll(async () => {
      await site.close()
      await proxy.close()
    })

    const carries = async (node: RunningServer, standing: 'up' | 'away') => {
      await eventually(
        async () =>
          expect(await readinessOf(node)).toMatchObject({ status: 200, ready: true, fanout: { redis: standing } }),
        SEEN_MS,
      )
      expect(await metricOf(node, 'satchel_fanout_connected')).toBe(standing === 'up' ? 1 : 0)
    }

    test('[RD10] is cut off from Redis, or gets no answer of it, says so itself, and the others are well', async () => {
      await Promise.all([carries(one, 'up'), carries(two, 'up')])
      expect(await metricOf(two, 'satchel_fanout_away_total')).toBe(0)
      proxy.weather = 'swallowing'
      await carries(two, 'away')
      const unanswered = await metricOf(two, 'satchel_fanout_away_total')
      expect(unanswered).toBeGreaterThan(0)
      await two.process.line(/"level":"warn".*Redis does not carry/)
      proxy.weather = 'fair'
      await carries(two, 'up')
      proxy.weather = 'refusing'
      proxy.cut()
      await carries(two, 'away')
      expect(await metricOf(two, 'satchel_fanout_away_total')).toBeGreaterThan(unanswered)
      await carries(one, 'up')
      expect(await metricOf(one, 'satchel_fanout_away_total')).toBe(0)
      proxy.weather = 'fair'
      await carries(two, 'up')
    })

    test('[MV9] has other settings than they have names them in its log, without a value', async () => {
      const settings = () => {
        const said = two.process.stdout.find((line) => line.includes('have other settings'))
        return said === undefined ? null : (JSON.parse(said) as { settings: string[] }).settings
      }
      await eventually(
        () => Promise.resolve(expect(settings()).toEqual(['SATCHEL_REDIS_URL', 'SATCHEL_TOMBSTONE_DAYS'])),
        COMPARED_MS,
      )
      expect(one.process.output).not.toContain('other settings')
      expect(site.defects()).toEqual([])
    }, 90_000)
  })
})
