import { aGuestBearer, batchOf, LiveDevice } from '../support/live-device.js'
import { aPool } from '../support/a-pool.js'
import { Site } from '../support/nodes/site.js'
import { describeWithPostgres } from '../support/postgres/describe-with-postgres.js'
import { describeWithRedis } from '../support/redis/describe-with-redis.js'

describeWithPostgres('hints between nodes', (postgres) => {
  describeWithRedis('through Redis', (redis) => {
    let site: Site
    let pool: string

    beforeAll(async () => {
      site = await Site.start({ databaseUrl: await postgres().createDatabase(), redisUrl: redis().url, nodes: 2 })
      pool = await aPool(site.nodes[0]!)
    })
    afterAll(() => site?.close())

    test('[RD2] what is written at one node is told at once to a device at another', async () => {
      const [one, two] = site.nodes as [(typeof site.nodes)[0], (typeof site.nodes)[0]]
      const who = await aGuestBearer(one, pool)
      const [here, there] = [await LiveDevice.open(one, who), await LiveDevice.open(two, who)]
      await there.watch({ dataset: 'settings' })
      await here.sync({ dataset: 'settings', batch: batchOf(1, { key: 'a', value: '1' }) })
      const [hint] = await there.hints(1)
      expect(hint).toMatchObject({ dataset: 'settings', base: 0, through: 1, records: [{ key: 'a', value: '1' }] })
      here.close()
      there.close()
    })
  })
})
