import { createClient } from '@redis/client'
import { createServer, type Socket } from 'node:net'
import type { RedisConfig } from '../../apps/server/src/config/redis-config.js'
import { hintBusContract, type WireHarness } from '../../apps/server/src/fanout/hint-bus.contract.js'
import { RedisWire } from '../../apps/server/src/fanout/redis-wire.js'
import { BusNode, identity } from '../../apps/server/src/fanout/testing/bus-nodes.js'
import type { Wire } from '../../apps/server/src/fanout/wire.js'
import { SystemClock } from '../../apps/server/src/runtime/clock.js'
import { eventually } from '../support/eventually.js'
import { describeWithRedis } from '../support/redis/describe-with-redis.js'
import { RedisServer } from '../support/redis/redis-server.js'

/** Asks as an operator, or an intruder, would. */
async function ask<T>(redis: RedisServer, work: (client: Asked) => Promise<T>): Promise<T> {
  const client = asked(redis)
  client.on('error', () => {}) // told by the answer
  await client.connect()
  try {
    return await work(client)
  } finally {
    client.destroy()
  }
}

const asked = ({ url }: RedisServer) => createClient({ url, RESP: 3 })
type Asked = ReturnType<typeof asked>

/** A harness on a Redis: what the wire is, and what it takes until the Redis serves channels again. */
const harnessOf = (redis: () => RedisServer, wire: () => Wire, ready: () => Promise<unknown>) => (): WireHarness => ({
  wire,
  cut: () => ask(redis(), async (client) => void (await client.sendCommand(['CLIENT', 'KILL', 'SKIPME', 'yes']))),
  go: () => redis().kill(),
  back: async () => {
    await redis().restart()
    await ready()
  },
  pause: () => redis().pause(),
  resume: () => redis().resume(),
  publish: (channel, sealed) => ask(redis(), async (client) => void (await client.sPublish(channel, sealed))),
  channels: () => ask(redis(), (client) => client.pubSubShardChannels()),
})

const aWire = (config: RedisConfig): Wire => new RedisWire(config, new SystemClock())

const PASSWORD = 'hunter2-hunter2'

/** As the README has it. */
const RIGHTS =
  'ACL SETUSER satchel on >hunter2-hunter2 resetchannels &satchel:* -@all +ssubscribe +sunsubscribe +spublish +ping +hello'.split(
    ' ',
  )

/** Tries as a user of its own, and answers whether that goes well and what is wrong else. */
const asUser = (nodes: RedisConfig['nodes']) => ({
  config: { ...login, nodes, username: 'satchel', password: PASSWORD },
  faultOf: async (config: RedisConfig) => {
    const node = new BusNode(aWire(config))
    await node.bus.start(10_000)
    await node.bus.listen(identity(1))
    node.bus.leave(identity(1))
    const standing = [node.bus.isUp, node.bus.lastFault?.kind]
    await node.bus.close()
    return standing
  },
})

const login = { tls: false, username: null, password: null }

describeWithRedis('the bus through Redis', (redis) => {
  const wire = () => aWire({ ...login, nodes: [{ host: '127.0.0.1', port: redis().port }] })
  hintBusContract(harnessOf(redis, wire, () => Promise.resolve()))
})

describeWithRedis(
  'the bus through a Redis Cluster',
  (redis) => {
    const serves = () =>
      eventually(async () => {
        const facts = await ask(redis(), (client) => client.sendCommand(['CLUSTER', 'INFO']))
        expect(facts).toEqual(expect.stringContaining('cluster_state:ok'))
      }, 20_000)
    beforeAll(async () => {
      await ask(redis(), (client) => client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383']))
      await serves()
    })
    const node = () => ({ host: '127.0.0.1', port: redis().port })
    hintBusContract(harnessOf(redis, () => aWire({ ...login, nodes: [node(), node()] }), serves))

    test('[RD7] a user needs no more rights than the README says, and is told when they are missing', async () => {
      const { config, faultOf } = asUser([node(), node()])
      await ask(redis(), (client) => client.sendCommand([...RIGHTS, '+cluster|slots']))
      expect(await faultOf(config)).toEqual([true, undefined])
      await ask(redis(), (client) => client.sendCommand(['ACL', 'SETUSER', 'satchel', '-spublish']))
      expect(await faultOf(config)).toEqual([false, 'forbidden'])
    })
  },
  ['--cluster-enabled', 'yes'],
)

describeWithRedis('what a Redis that does not carry is said to be', (redis) => {
  const faultOf = async (over: Partial<RedisConfig>, renamed: readonly string[] = []) => {
    const server = renamed.length === 0 ? redis() : await RedisServer.start(renamed)
    const node = new BusNode(aWire({ ...login, nodes: [{ host: '127.0.0.1', port: server.port }], ...over }))
    try {
      await node.bus.start(10_000)
      return [node.bus.isUp, node.bus.lastFault?.kind, node.bus.lastFault?.message, node.faults.length]
    } finally {
      await node.bus.close()
      if (server !== redis()) await server.end()
    }
  }

  test('[RD7] a user needs no more rights than the README says', async () => {
    await ask(redis(), (client) => client.sendCommand(RIGHTS))
    const { config, faultOf: asSatchel } = asUser([{ host: '127.0.0.1', port: redis().port }])
    expect(await asSatchel(config)).toEqual([true, undefined])
  })

  test('[RD7] a login that is refused, one that is missing, and rights that are', async () => {
    const secret = 'hunter2-hunter2'
    await ask(redis(), async (client) => {
      await client.sendCommand([
        'ACL',
        'SETUSER',
        'app',
        'on',
        `>${secret}`,
        '&satchel:*',
        '+ssubscribe',
        '+sunsubscribe',
        '+spublish',
        '+ping',
        '+hello',
      ])
      await client.sendCommand(['ACL', 'SETUSER', 'reader', 'on', `>${secret}`, '&satchel:*', '+ssubscribe', '+ping'])
      await client.sendCommand(['ACL', 'SETUSER', 'other', 'on', `>${secret}`, '&other:*', '+@all'])
    })
    expect(await faultOf({ username: 'app', password: secret })).toEqual([true, undefined, undefined, 0])
    const forbidden = [false, 'forbidden', expect.stringContaining('lacks rights'), 1]
    expect(await faultOf({ username: 'reader', password: secret })).toEqual(forbidden)
    expect(await faultOf({ username: 'other', password: secret })).toEqual(forbidden)
    const wrong = await faultOf({ username: 'app', password: `${secret}-and-more` })
    expect(wrong).toEqual([false, 'login', 'Redis refuses the login of SATCHEL_REDIS_URL', 1])
    expect(await faultOf({}, ['--requirepass', secret])).toEqual(wrong)
  })

  test('[RD7] one that knows no sharded channels, no cluster where one is named, TLS where none is spoken, and nobody at all', async () => {
    const unsuited = [false, 'unsuited', 'this Redis is older than version 7, which sharded channels need', 1]
    expect(await faultOf({}, ['--rename-command', 'SSUBSCRIBE', ''])).toEqual(unsuited)
    expect(await faultOf({}, ['--rename-command', 'HELLO', ''])).toEqual(unsuited)
    const node = { host: '127.0.0.1', port: redis().port }
    expect((await faultOf({ nodes: [node, node] }))[2]).toBe(
      'SATCHEL_REDIS_URL names several nodes, and they are no cluster',
    )
    expect((await faultOf({ tls: true })).slice(0, 2)).toEqual([false, 'unreachable'])
    expect((await faultOf({ nodes: [{ host: '127.0.0.1', port: 1 }] })).slice(0, 3)).toEqual([
      false,
      'unreachable',
      'no connection to Redis (ECONNREFUSED)',
    ])
    expect((await faultOf({ nodes: [{ host: 'nobody.invalid', port: 1 }] })).slice(0, 2)).toEqual([
      false,
      'unreachable',
    ])
  })

  test.each([1, 2])(
    '[RD7] one that takes connections and says nothing is tried again and again, and no connection to it is left over, %i named',
    async (count) => {
      const open = new Set<Socket>()
      let taken = 0
      const silent = createServer((socket) => {
        taken++
        open.add(socket.on('error', () => {}).on('close', () => open.delete(socket)))
        socket.resume()
      })
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
      const { port } = silent.address() as { port: number }
      const node = new BusNode(
        aWire({ ...login, nodes: Array.from({ length: count }, () => ({ host: '127.0.0.1', port })) }),
      )
      try {
        await node.bus.start(10_000)
        expect([node.bus.isUp, node.bus.lastFault?.kind]).toEqual([false, 'unreachable'])
        await eventually(() => Promise.resolve(expect(taken).toBeGreaterThan(5)), 50_000)
        expect(open.size).toBeLessThanOrEqual(4)
      } finally {
        await node.bus.close()
      }
      await eventually(() => Promise.resolve(expect(open.size).toBe(0)), 15_000)
      silent.close()
    },
    100_000,
  )
})
