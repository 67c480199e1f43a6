import { answerCalls } from '../process/answering.js'
import { percentile } from '../report/statistics.js'
import { openRelayDevice } from './relay-device.js'
import { openSatchelDevice } from './satchel-device.js'

/**
 * Devices in one process, of the relay and of Satchel alike; the same keys, values and order for both. A run in which
 * the other device ends up with anything else is a failure and no figure.
 */
const openers = { relay: openRelayDevice, satchel: openSatchelDevice }
let openDevices = []

const keysOf = (count, bytes, round) =>
  Array.from({ length: count }, (_, at) => [`key-${String(at).padStart(5, '0')}`, valueOf(at, bytes, round)])

/** Differs in every round, so that no value is there already. */
const valueOf = (at, bytes, round) => `${round}:${at}:`.padEnd(bytes, 'abcdefghijklmnopqrstuvwxyz0123456789')

async function pairFor(who, where) {
  const a = await openers[who](where)
  await a.live?.()
  const b = await openers[who]({ ...where, ...(a.client === undefined ? {} : { guest: a.client.identity }) })
  await b.live?.()
  openDevices.push(a, b)
  return [a, b]
}

/** From the first put at A until B has every key with its value. */
async function sendAll([a, b], pairs) {
  const left = new Map(pairs)
  const there = b.until((changed) => {
    for (const key of changed ?? left.keys()) if (b.get(key) === left.get(key)) left.delete(key)
    return left.size === 0
  })
  for (const [key, value] of pairs) void a.put(key, value)
  await there
}

answerCalls({
  /** Keys per second from A to B, each put on its own, none awaited. */
  async bulk({ who, where, keys, bytes, rounds }) {
    const pair = await pairFor(who, where)
    const rates = []
    for (let round = 0; round <= rounds; round++) {
      const pairs = keysOf(keys, bytes, round)
      const startedAt = performance.now()
      await sendAll(pair, pairs)
      const seconds = (performance.now() - startedAt) / 1_000
      if (round > 0) rates.push(keys / seconds)
    }
    await closeAll()
    return rates
  },

  /** The same with many identities at once. */
  async multi({ who, where, identities, keys, bytes, rounds }) {
    const pairs = []
    for (let at = 0; at < identities; at++)
      pairs.push(await pairFor(who, who === 'relay' ? { ...where, identity: `multi-${at}` } : where))
    const rates = []
    for (let round = 0; round <= rounds; round++) {
      const sets = pairs.map(() => keysOf(keys, bytes, round))
      const startedAt = performance.now()
      await Promise.all(pairs.map((pair, at) => sendAll(pair, sets[at])))
      const seconds = (performance.now() - startedAt) / 1_000
      if (round > 0) rates.push((identities * keys) / seconds)
    }
    await closeAll()
    return rates
  },

  /** Milliseconds from a put at A until B shows it, one after the other. */
  async propagation({ who, where, times, bytes }) {
    const [a, b] = await pairFor(who, where)
    const samples = []
    for (let at = 0; at < times + 20; at++) {
      const value = valueOf(at, bytes, 'p')
      const startedAt = performance.now()
      const seen = b.until(() => b.get('key') === value)
      void a.put('key', value)
      await seen
      if (at >= 20) samples.push(performance.now() - startedAt)
    }
    await closeAll()
    return { p50: percentile(samples, 0.5), p95: percentile(samples, 0.95) }
  },

  /** Milliseconds from opening a new device until it has everything that A put. */
  async cold({ who, where, keys, bytes, rounds }) {
    const [a] = await pairFor(who, where)
    const pairs = keysOf(keys, bytes, 'c')
    await Promise.all(pairs.map(([key, value]) => a.put(key, value)))
    await a.synchronized?.()
    const samples = []
    for (let round = 0; round <= rounds; round++) {
      const startedAt = performance.now()
      const device = await openers[who]({ ...where, ...(a.client === undefined ? {} : { guest: a.client.identity }) })
      await device.until(() => device.entries().length === keys)
      const ms = performance.now() - startedAt
      if (pairs.some(([key, value]) => device.get(key) !== value)) throw new Error('a cold device holds something else')
      await device.close()
      if (round > 0) samples.push(ms)
    }
    await closeAll()
    return samples
  },
})

async function closeAll() {
  await Promise.all(openDevices.map((device) => device.close()))
  openDevices = []
}
