import { createClient } from '@redis/client'
import type { IdentityId } from '@satchel/protocol'
import { BusNode, change, identity } from '../../apps/server/src/fanout/testing/bus-nodes.js'
import { RedisWire } from '../../apps/server/src/fanout/redis-wire.js'
import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { eventually } from '../support/eventually.js'
import { describeWithRedis } from '../support/redis/describe-with-redis.js'
import { RedisServer } from '../support/redis/redis-server.js'

const CLUSTER = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000']
const SLOTS = 16_384
const SLOTS_MOVED = 1_000
const WITHIN_MS = 30_000

const MANY: readonly IdentityId[] = Array.from({ length: 500 }, (_, index) => identity(index + 1))

/** Sends one command to one server of it. */
const ask = async (server: RedisServer, ...words: readonly (string | number)[]): Promise<string> =>
  (await asking(server, [words]))[0]!

async function asking(server: RedisServer, commands: readonly (readonly (string | number)[])[]) {
  const client = createClient({ url: server.url, RESP: 3 })
  client.on('error', () => {}) // told by the answer
  await client.connect()
  try {
    const answers = commands.map((words) => client.sendCommand(words.map(String)))
    return (await Promise.all(answers)).map((answer) => JSON.stringify(answer))
  } finally {
    client.destroy()
  }
}

describeWithRedis(
  'a Redis Cluster of three',
  (redis) => {
    const others: RedisServer[] = []
    const buses: BusNode[] = []
    const servers = () => [redis(), ...others]

    const served = () =>
      eventually(async () => {
        for (const server of servers()) {
          const facts = await ask(server, 'CLUSTER', 'INFO')
          expect(facts).toContain('cluster_state:ok')
          expect(facts).toContain('cluster_known_nodes:3')
        }
      }, WITHIN_MS)

    beforeAll(async () => {
      others.push(await RedisServer.start(CLUSTER), await RedisServer.start(CLUSTER))
      const share = Math.ceil(SLOTS / 3)
      for (const [place, server] of servers().entries()) {
        await ask(server, 'CLUSTER', 'ADDSLOTSRANGE', place * share, Math.min(SLOTS, (place + 1) * share) - 1)
        if (place > 0) await ask(server, 'CLUSTER', 'MEET', '127.0.0.1', redis().port)
      }
      await served()
    })
    afterEach(() => Promise.all(buses.splice(0).map(({ bus }) => bus.close())))
    afterAll(() => Promise.all(others.map((server) => server.end())))

    const aBus = async (): Promise<BusNode> => {
      const nodes = servers().map(({ port }) => ({ host: '127.0.0.1', port }))
      const bus = new BusNode(new RedisWire({ nodes, tls: false, username: null, password: null }, new SystemClock()))
      buses.push(bus)
      await bus.bus.start(WITHIN_MS)
      return bus
    }
    /** Both ends of a site, one of which listens to many. */
    const aPair = async () => {
      const [one, two] = [await aBus(), await aBus()]
      await Promise.all(MANY.map((who) => two.bus.listen(who)))
      return { one, two }
    }
    /** Tells of all of them, until all of it was heard. */
    const hearsAll = async ({ one, two }: Readonly<{ one: BusNode; two: BusNode }>) => {
      let count = 0
      await eventually(async () => {
        two.changes.length = 0
        one.bus.tell(MANY.map((who) => change(who, ++count)))
        await eventually(() => Promise.resolve(expect(two.changes).toHaveLength(MANY.length)), 2_000)
      }, WITHIN_MS)
    }

    test('[RD2] carries through all of its parts', async () => {
      const pair = await aPair()
      await hearsAll(pair)
      for (const server of servers()) {
        expect(JSON.parse(await ask(server, 'PUBSUB', 'SHARDCHANNELS', 'satchel:*'))).not.toHaveLength(0)
      }
    })

    test('[RD5] one of its parts is killed and comes back', async () => {
      const pair = await aPair()
      await others[0]!.kill()
      const down = () => [pair.one, pair.two].every(({ bus }) => !bus.isUp)
      await eventually(() => Promise.resolve(expect(down()).toBe(true)), WITHIN_MS)
      await others[0]!.restart()
      await served()
      await eventually(
        () => Promise.resolve(expect([pair.one.bus.isUp, pair.two.bus.isUp]).toEqual([true, true])),
        WITHIN_MS,
      )
      await hearsAll(pair)
    })

    test('[RD5] slots move from one part to another while they are listened to', async () => {
      const pair = await aPair()
      const heir = (JSON.parse(await ask(others[1]!, 'CLUSTER', 'MYID')) as string).trim()
      const owner = (JSON.parse(await ask(redis(), 'CLUSTER', 'MYID')) as string).trim()
      const set = (server: RedisServer, ...how: readonly string[]) =>
        asking(
          server,
          Array.from({ length: SLOTS_MOVED }, (_, slot) => ['CLUSTER', 'SETSLOT', slot, ...how]),
        )
      // As the manual has it: whoever gets them says so first.
      await set(others[1]!, 'IMPORTING', owner)
      await set(redis(), 'MIGRATING', heir)
      for (const server of [others[1]!, redis(), others[0]!]) await set(server, 'NODE', heir)
      await served()
      await hearsAll(pair)
    })
  },
  CLUSTER,
)
