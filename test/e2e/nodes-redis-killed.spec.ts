import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { metricOf } from '../support/metric-of.js'
import { SiteLoad } from '../support/nodes/site-load.js'
import { Site } from '../support/nodes/site.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { describeWithRedis } from '../support/redis/describe-with-redis.js'
import { RUN_SEED, Seeded } from '../support/seeded.js'
import { TcpProxy } from '../support/tcp-proxy.js'

const ROUNDS = 8

/** A network that is broken for so long at most, milliseconds. */
const BROKEN_MS_MAX = 2_500

const TEST_MS_MAX = 300_000

describeWithPostgres('Redis under load', (postgres) => {
  describeWithRedis('between three nodes', (redis) => {
    test(
      `[RD1] [RD5] [NO9] Redis is killed, frozen and cut off while clients of every kind write through three nodes: nothing is lost or wrong, and all hear each other again, seed ${RUN_SEED}`,
      async () => {
        const chance = new Seeded(RUN_SEED)
        const proxy = await TcpProxy.start(redis().url.replace('redis:', 'http:'))
        const databaseUrl = await postgres().createDatabase()
        const site = await Site.start({ databaseUrl, redisUrl: proxy.url.replace('http:', 'redis:') })
        const pause = () => new Promise((resolve) => setTimeout(resolve, chance.below(BROKEN_MS_MAX)))
        const breaks = {
          killed: async () => {
            await redis().kill()
            await pause()
            await redis().restart()
          },
          frozen: async () => {
            redis().pause()
            await pause()
            await pause()
            redis().resume()
          },
          cut: async () => {
            for (let cuts = 0; cuts < 3; cuts++) {
              proxy.cut()
              await pause()
            }
          },
          // A node that dies, and one that starts, while nobody can be told of anything.
          'killed with a node': async () => {
            await redis().kill()
            const place = site.fullest
            await site.kill(place)
            await site.restart(place)
            await redis().restart()
          },
          'cut off': async () => {
            proxy.weather = 'refusing'
            proxy.cut()
            await pause()
            proxy.weather = 'fair'
          },
          deaf: async () => {
            proxy.weather = 'swallowing'
            await pause()
            await pause()
            proxy.weather = 'fair'
          },
        }
        const kinds = Object.keys(breaks) as (keyof typeof breaks)[]
        const done: string[] = []
        let updatesMeanwhile = 0
        try {
          const load = await SiteLoad.start(site, { chance: chance.fork() })
          try {
            for (let round = 0; round < ROUNDS; round++) {
              const kind = kinds[(round + chance.below(2)) % kinds.length]!
              done.push(kind)
              await pause()
              const before = load.aws.seen.updates
              await breaks[kind]()
              updatesMeanwhile += load.aws.seen.updates - before
            }
            await eventually(async () => {
              for (const { url } of site.nodes) {
                const { json } = await exchange(url, { target: '/health/ready' })
                expect(json()).toMatchObject({ ready: true, fanout: { redis: 'up' } })
              }
            }, 30_000)
            expect(await load.faults()).toEqual([])
            const figures: Record<string, readonly number[]> = {}
            for (const name of [
              'fanout_published',
              'fanout_received',
              'fanout_dropped',
              'fanout_refused',
              'recount_looks',
            ]) {
              figures[name] = await Promise.all(site.nodes.map((node) => metricOf(node, `satchel_${name}_total`)))
            }
            console.info(JSON.stringify({ done, updatesMeanwhile, seen: load.seen, figures }))
            expect(updatesMeanwhile).toBeGreaterThan(ROUNDS)
            expect(figures['fanout_refused']).toEqual([0, 0, 0])
            expect(Math.min(...figures['fanout_received']!)).toBeGreaterThan(0)
          } finally {
            await load.close()
          }
        } finally {
          redis().resume()
          await site.close()
          await proxy.close()
        }
      },
      TEST_MS_MAX,
    )
  })
})
