import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { Site } from '../support/nodes/site.js'
import { SITE_SEED, SiteLoad } from '../support/nodes/site-load.js'
import { eventually } from '../support/eventually.js'
import { settled } from '../support/live-device.js'
import { Seeded } from '../support/seeded.js'

/** SATCHEL_E2E_KILLS makes a longer run, or a shorter one to try something out. */
const KILLS = Number(process.env['SATCHEL_E2E_KILLS'] ?? 32)
const LIFE_MS_MAX = 400
const AWAY_MS_MAX = 150
const SERVED_MS_MAX = 60_000
const TEST_MS_MAX = 400_000

const forMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describeWithPostgres('a PostgreSQL that is killed under three nodes', (postgres) => {
  let site: Site
  let load: SiteLoad | null = null
  beforeAll(async () => {
    site = await Site.start({ databaseUrl: await postgres().createDatabase(), redisUrl: null })
  })
  afterAll(async () => {
    await load?.close()
    await site.close()
  })

  test(
    `[NO3] [NO1] ${KILLS} SIGKILLs of PostgreSQL lose nothing that was acknowledged; meanwhile callers are told to come again, seed ${SITE_SEED}`,
    async () => {
      const chance = new Seeded(SITE_SEED)
      load = await SiteLoad.start(site, { chance: chance.fork() })
      const { aws: callers } = load
      const { seen } = callers
      for (let kill = 0; kill < KILLS && !callers.broken; kill++) {
        // Not before it serves again, by itself.
        const before = seen.updates
        await eventually(() => settled(callers.broken || seen.updates > before, 'no update is accepted'), SERVED_MS_MAX)
        await forMs(chance.from(0, LIFE_MS_MAX))
        await postgres().kill()
        await forMs(chance.from(0, AWAY_MS_MAX))
        await postgres().restart()
      }
      const faults = await load.faults()
      console.info(`${KILLS} kills: ${JSON.stringify(load.seen)}`)
      expect(faults).toEqual([])
      // No node ended with the database, and a run in which nothing happened proves nothing.
      for (const place of site.nodes.keys()) expect(site.isUp(place)).toBe(true)
      const { aws, batches } = load.seen
      expect(aws.toldToComeAgain).toBeGreaterThan(KILLS)
      expect(batches.accepted).toBeGreaterThan(0)
      for (const what of ['conflicts', 'deletions', 'guests', 'bySdk'] as const)
        expect([what, aws[what] > 0]).toEqual([what, true])
    },
    TEST_MS_MAX,
  )
})
