import { createClient } from '@redis/client'
import { hintBusContract } from '../../apps/server/src/fanout/hint-bus.contract.js'
import { RedisWire } from '../../apps/server/src/fanout/redis-wire.js'
import { describeWithRedis } from '../support/redis/describe-with-redis.js'
import type { RedisServer } from '../support/redis/redis-server.js'

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

describeWithRedis('the bus through Redis', (redis) => {
  hintBusContract(() => ({
    wire: () =>
      new RedisWire({ nodes: [{ host: '127.0.0.1', port: redis().port }], tls: false, username: null, password: null }),
    cut: () => ask(redis(), async (client) => void (await client.sendCommand(['CLIENT', 'KILL', 'SKIPME', 'yes']))),
    go: () => redis().kill(),
    back: () => redis().restart(),
    pause: () => redis().pause(),
    resume: () => redis().resume(),
    publish: (channel, sealed) => ask(redis(), async (client) => void (await client.sPublish(channel, sealed))),
    channels: () => ask(redis(), (client) => client.pubSubShardChannels()),
  }))
})
