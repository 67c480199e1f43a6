import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { servedSite } from '../support/nodes/served-site.js'
import { eventually } from '../support/eventually.js'
import { forMs } from '../support/for-ms.js'
import { settled } from '../support/live-device.js'
import { RUN_SEED } from '../support/seeded.js'

/** SATCHEL_E2E_KILLS makes a longer run, or a shorter one to try something out. */
const KILLS = Number(process.env['SATCHEL_E2E_KILLS'] ?? 32)
const LIFE_MS_MAX = 400
const AWAY_MS_MAX = 150
const SERVED_MS_MAX = 60_000
const TEST_MS_MAX = 400_000

describeWithPostgres('a PostgreSQL that is killed under three nodes', (postgres) => {
  const served = servedSite(postgres)

  test(
    `[NO3] [NO1] ${KILLS} SIGKILLs of PostgreSQL lose nothing that was acknowledged; meanwhile callers are told to come again, seed ${RUN_SEED}`,
    async () => {
      const { site, load, chance } = await served.underLoad()
      const { aws: callers } = load
      for (let kill = 0; kill < KILLS && !callers.broken; kill++) {
        // Not before it serves again, by itself.
        const before = callers.seen.updates
        const isServed = () => settled(callers.broken || callers.seen.updates > before, 'no update is accepted')
        await eventually(isServed, SERVED_MS_MAX)
        await forMs(chance.from(0, LIFE_MS_MAX))
        await postgres().kill()
        await forMs(chance.from(0, AWAY_MS_MAX))
        await postgres().restart()
      }
      await load.judge(`${KILLS} kills`, {
        aws: { toldToComeAgain: KILLS, conflicts: 0, deletions: 0, guests: 0, bySdk: 0 },
        batches: { accepted: 0 },
      })
      // No node ended with the database.
      for (const place of site.nodes.keys()) expect(site.isUp(place)).toBe(true)
    },
    TEST_MS_MAX,
  )
})
