import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { Site } from '../support/nodes/site.js'
import { SITE_SEED, SiteLoad } from '../support/nodes/site-load.js'
import { describeWithRedis } from '../support/redis/describe-with-redis.js'
import { Seeded } from '../support/seeded.js'

/** SATCHEL_E2E_KILLS makes a longer run, or a shorter one to try something out. */
const DISASTERS = Number(process.env['SATCHEL_E2E_KILLS'] ?? 18)
const REST_MS_MAX = 1_200
const AWAY_MS_MAX = 2_500
const TEST_MS_MAX = 300_000

const forMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describeWithPostgres('three nodes that tell each other of changes', (postgres) => {
  describeWithRedis('through a Redis that is killed and frozen', (redis) => {
    let site: Site
    let load: SiteLoad | null = null
    beforeAll(async () => {
      site = await Site.start({ databaseUrl: await postgres().createDatabase(), redisUrl: redis().url })
    })
    afterAll(async () => {
      redis().resume()
      await load?.close()
      await site.close()
    })

    test(
      `[NO9] [NO1] ${DISASTERS} times, lose nothing, and take writes as before, seed ${SITE_SEED}`,
      async () => {
        const chance = new Seeded(SITE_SEED)
        const { aws: callers } = (load = await SiteLoad.start(site, { chance: chance.fork() }))
        const seen = { kills: 0, freezes: 0, nodes: 0, awayMs: 0, updatesMeanwhile: 0 }
        const away = async (meanwhile: () => Promise<unknown>): Promise<void> => {
          const [before, begun] = [callers.seen.updates, performance.now()]
          await meanwhile()
          seen.updatesMeanwhile += callers.seen.updates - before
          seen.awayMs += Math.round(performance.now() - begun)
        }
        for (let disaster = 0; disaster < DISASTERS && !callers.broken; disaster++) {
          await forMs(chance.from(0, REST_MS_MAX))
          const ms = chance.from(0, AWAY_MS_MAX)
          if (disaster % 2 === 0) {
            await redis().kill()
            await away(() => forMs(ms))
            await redis().restart()
            seen.kills++
          } else {
            redis().pause()
            await away(() => forMs(ms))
            redis().resume()
            seen.freezes++
          }
          if (disaster % 6 !== 5) continue
          // A node that dies, and one that starts, while nobody can be told of anything.
          await redis().kill()
          const place = site.fullest
          await away(async () => {
            await site.kill(place)
            await site.restart(place)
          })
          await redis().restart()
          seen.nodes++
        }
        const faults = await load.faults()
        console.info(`${JSON.stringify(seen)} ${JSON.stringify(load.seen)}`)
        expect(faults).toEqual([])
        const { aws, batches } = load.seen
        expect(seen.updatesMeanwhile).toBeGreaterThan(DISASTERS)
        expect(batches.accepted).toBeGreaterThan(DISASTERS)
        for (const what of ['conflicts', 'guests', 'bySdk'] as const)
          expect([what, aws[what] > 0]).toEqual([what, true])
      },
      TEST_MS_MAX,
    )
  })
})
