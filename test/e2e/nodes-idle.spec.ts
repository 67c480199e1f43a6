import { aPool } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { aGuestBearer, LiveDevice } from '../support/live-device.js'
import { Site } from '../support/nodes/site.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { describeWithRedis } from '../support/redis/describe-with-redis.js'

const IDENTITIES = 60
const NODES = 2

/** Tokens are looked at every 15 seconds. */
const TWO_LOOKS_MS_MAX = 60_000

/** Nodes do something beside that, whoever is connected: whose turn it is, which keys there are, what was deleted. One for each device at each look would be more. */
const ALL_MAX = IDENTITIES * NODES * 2

const COUNTING = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'top' }

describeWithPostgres(
  'a site where nothing happens',
  (postgres) => {
    describeWithRedis('through Redis', (redis) => {
      let site: Site
      let database: string
      const opened: LiveDevice[] = []

      beforeAll(async () => {
        const databaseUrl = await postgres().createDatabase()
        database = new URL(databaseUrl).pathname.slice(1)
        await postgres().ask('CREATE EXTENSION pg_stat_statements')
        site = await Site.start({ databaseUrl, redisUrl: redis().url, nodes: NODES })
      })
      afterAll(async () => {
        opened.forEach((device) => device.close())
        await site?.close()
      })

      /** Statements of all nodes so far: every one but those of the balancer's look at their health, and those that ask for the identities of tokens. */
      const counted = async () => {
        const [row] = await postgres().ask<{
          all: string
          looks: string
        }>(`SELECT coalesce(sum(calls) FILTER (WHERE query !~ '^SELECT epoch_base'), 0) AS "all",
          coalesce(sum(calls) FILTER (WHERE query ~ 'FROM identity' AND query ~ 'JOIN LATERAL .SELECT provider'), 0) AS looks
          FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = '${database}')`)
        return { all: Number(row!.all), looks: Number(row!.looks) }
      }

      test('[NB21] devices that are connected and do nothing cost a node one statement each time their tokens are looked at', async () => {
        const pool = await aPool(site.nodes[0]!)
        for (let at = 0; at < IDENTITIES; at++) {
          const who = await aGuestBearer(site.nodes[0]!, pool)
          for (const node of site.nodes) {
            const device = await LiveDevice.open(node, who)
            opened.push(device)
            await device.watch({ dataset: 'settings' })
          }
        }
        const before = await counted()
        const after = await eventually(async () => {
          const now = await counted()
          expect(now.looks - before.looks).toBeGreaterThanOrEqual(2 * NODES)
          return now
        }, TWO_LOOKS_MS_MAX)
        const [all, looks] = [after.all - before.all, after.looks - before.looks]
        console.info(`${NODES} nodes, ${opened.length} devices: ${all} statements, ${looks} of them for tokens`)
        // A look of every node may have fallen between two questions of this test.
        expect(looks).toBeLessThanOrEqual(3 * NODES)
        expect(all).toBeLessThan(ALL_MAX)
        expect(opened.filter(({ socket }) => !socket.connected)).toEqual([])
      })
    })
  },
  { settings: COUNTING },
)
