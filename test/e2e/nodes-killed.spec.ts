import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { Site } from '../support/nodes/site.js'
import { SITE_SEED, SiteLoad } from '../support/nodes/site-load.js'
import { Seeded } from '../support/seeded.js'

/** SATCHEL_E2E_KILLS makes a longer run, or a shorter one to try something out. */
const KILLS = Number(process.env['SATCHEL_E2E_KILLS'] ?? 10)
const LIFE_MS_MIN = 200
const LIFE_MS_MAX = 2_500
const TEST_MS_MAX = 240_000

const forMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describeWithPostgres('three nodes that are killed', (postgres) => {
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
    `[NO1] [NO2] ${KILLS} SIGKILLs of nodes under load lose nothing that was acknowledged and do nothing twice, seed ${SITE_SEED}`,
    async () => {
      const chance = new Seeded(SITE_SEED)
      const { aws: callers } = (load = await SiteLoad.start(site, { chance: chance.fork() }))
      let killed = 0
      const up = new Set(site.nodes.keys())
      /** Two of these at once: at times a node dies while another one is just coming back, and one is always there. */
      const disaster = async (moments: Seeded): Promise<void> => {
        while (killed < KILLS && !callers.broken) {
          await forMs(moments.from(LIFE_MS_MIN, LIFE_MS_MAX))
          // Whoever fled from a node that died stays where it is: the fullest one has the most to lose.
          const place = [...up].sort((a, b) => site.linksOf(b) - site.linksOf(a))[0]!
          up.delete(place)
          await site.kill(place)
          killed++
          await site.restart(place)
          up.add(place)
        }
      }
      await Promise.all([disaster(chance.fork()), disaster(chance.fork())])
      const faults = await load.faults()
      console.info(`${killed} kills: ${JSON.stringify(load.seen)}`)
      expect(faults).toEqual([])
      const { aws, batches } = load.seen
      // A run in which nothing happened proves nothing.
      expect(aws.updates).toBeGreaterThan(killed * 10)
      expect(batches.accepted).toBeGreaterThan(killed)
      for (const what of ['conflicts', 'overLimit', 'deletions', 'guests', 'bySdk', 'lost'] as const)
        expect([what, aws[what] > 0]).toEqual([what, true])
    },
    TEST_MS_MAX,
  )
})
