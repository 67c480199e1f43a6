import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import type { Tear } from '../support/nodes/balancer.js'
import { Site } from '../support/nodes/site.js'
import { SITE_SEED, SiteLoad } from '../support/nodes/site-load.js'
import { eventually } from '../support/eventually.js'
import { settled } from '../support/live-device.js'
import { Seeded } from '../support/seeded.js'

/** SATCHEL_E2E_TEARS makes a longer run, or a shorter one to try something out. */
const TEARS = Number(process.env['SATCHEL_E2E_TEARS'] ?? 1_000)
const BYTES_MAX = 16_384
const TORN_MS_MAX = 200_000
const TEST_MS_MAX = 300_000

describeWithPostgres('connections to three nodes that are torn', (postgres) => {
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
    `[NO4] [NO1] ${TEARS} connections torn after random numbers of bytes, both ways, lose nothing and do nothing twice, seed ${SITE_SEED}`,
    async () => {
      const chance = new Seeded(SITE_SEED)
      load = await SiteLoad.start(site, { chance: chance.fork(), deleting: false, restMs: 20 })
      const { aws: callers } = load
      const { balancer } = site
      // Each of them, else those that last would carry everything; as many within the first bytes as far behind them.
      balancer.tear = (): Tear => ({
        towards: chance.oneOf(['client', 'node'] as const),
        afterBytes: Math.ceil(BYTES_MAX ** chance.next()),
      })
      // Those that were there before are not spared.
      balancer.cut()
      await eventually(
        () => settled(callers.broken || balancer.torn >= TEARS, `${balancer.torn} were torn`),
        TORN_MS_MAX,
      )
      balancer.tear = () => null
      balancer.cut()
      const faults = await load.faults()
      console.info(`${balancer.torn} torn of ${balancer.carried}: ${JSON.stringify(load.seen)}`)
      expect(faults).toEqual([])
      const { aws, batches, devices } = load.seen
      // A run in which nothing happened proves nothing.
      for (const what of ['updates', 'conflicts', 'guests', 'bySdk', 'lost', 'lostButDone'] as const)
        expect([what, aws[what] > 0]).toEqual([what, true])
      for (const what of ['accepted', 'repeated'] as const) expect([what, batches[what] > 0]).toEqual([what, true])
      expect(devices.connections).toBeGreaterThan(3)
    },
    TEST_MS_MAX,
  )
})
