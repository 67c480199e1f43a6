import { forMs } from '../support/for-ms.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { servedSite } from '../support/nodes/served-site.js'
import { RUN_SEED, type Seeded } from '../support/seeded.js'

/** SATCHEL_E2E_KILLS makes a longer run, or a shorter one to try something out. */
const KILLS = Number(process.env['SATCHEL_E2E_KILLS'] ?? 10)
const LIFE_MS_MIN = 200
const LIFE_MS_MAX = 2_500
const TEST_MS_MAX = 240_000

describeWithPostgres('three nodes that are killed', (postgres) => {
  const served = servedSite(postgres)

  test(
    `[NO1] [NO2] ${KILLS} SIGKILLs of nodes under load lose nothing that was acknowledged and do nothing twice, seed ${RUN_SEED}`,
    async () => {
      const { site, load, chance } = await served.underLoad()
      let killed = 0
      const up = new Set(site.nodes.keys())
      /** Two of these at once: at times a node dies while another one is just coming back, and one is always there. */
      const disaster = async (moments: Seeded): Promise<void> => {
        while (killed < KILLS && !load.aws.broken) {
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
      await load.judge(`${killed} kills`, {
        aws: { updates: killed * 10, conflicts: 0, overLimit: 0, deletions: 0, guests: 0, bySdk: 0, lost: 0 },
        batches: { accepted: killed },
      })
    },
    TEST_MS_MAX,
  )
})
