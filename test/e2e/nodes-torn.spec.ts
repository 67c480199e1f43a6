import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import type { Tear } from '../support/nodes/balancer.js'
import { servedSite } from '../support/nodes/served-site.js'
import { eventually } from '../support/eventually.js'
import { settled } from '../support/live-device.js'
import { RUN_SEED } from '../support/seeded.js'

/** SATCHEL_E2E_TEARS makes a longer run, or a shorter one to try something out. */
const TEARS = Number(process.env['SATCHEL_E2E_TEARS'] ?? 1_000)
const BYTES_MAX = 16_384
const TORN_MS_MAX = 200_000
const TEST_MS_MAX = 300_000

describeWithPostgres('connections to three nodes that are torn', (postgres) => {
  const served = servedSite(postgres)

  test(
    `[NO4] [NO1] ${TEARS} connections torn after random numbers of bytes, both ways, lose nothing and do nothing twice, seed ${RUN_SEED}`,
    async () => {
      const { site, load, chance } = await served.underLoad({ deleting: false, restMs: 20 })
      const { balancer } = site
      // Each of them, else those that last would carry everything; as many within the first bytes as far behind them.
      balancer.tear = (): Tear => ({
        towards: chance.oneOf(['client', 'node'] as const),
        afterBytes: Math.ceil(BYTES_MAX ** chance.next()),
      })
      // Those that were there before are not spared.
      balancer.cut()
      await eventually(
        () => settled(load.aws.broken || balancer.torn >= TEARS, `${balancer.torn} were torn`),
        TORN_MS_MAX,
      )
      balancer.tear = () => null
      balancer.cut()
      await load.judge(`${balancer.torn} torn of ${balancer.carried}`, {
        aws: { updates: 0, conflicts: 0, guests: 0, bySdk: 0, lost: 0, lostButDone: 0 },
        batches: { accepted: 0, repeated: 0 },
        devices: { connections: 3 },
      })
    },
    TEST_MS_MAX,
  )
})
