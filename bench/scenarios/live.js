import { fileURLToPath } from 'node:url'
import { startNode } from '../process/child.js'
import { startRelay } from '../process/relay.js'
import { startSatchel } from '../process/satchel.js'
import { atLeast, atMost, result } from '../report/result.js'
import { median } from '../report/statistics.js'
import { grouped } from '../report/table.js'
import { createGuestPool } from '../seed/pool.js'

export const name = 'live'
export const title = 'the client against a bare socket.io relay that keeps everything in memory'

const CLIENTS = fileURLToPath(new URL('../live/clients.js', import.meta.url))
const BYTES = 100
const FULL = { keys: 1_024, bytes: 1_024 - 'key-00000'.length }

/** Satchel keeps every key on two disks before it shows it elsewhere; the relay keeps nothing. */
export async function run({ quick, say, env }) {
  const times = quick ? 2 : 5
  const server = await startSatchel({ env })
  const relay = await startRelay()
  const clients = startNode(CLIENTS)
  const where = {
    satchel: { url: `http://127.0.0.1:${server.port}`, pool: await createGuestPool(server) },
    relay: { url: `http://127.0.0.1:${relay.port}`, identity: 'bench' },
  }
  const both = async (call, options) => {
    const answers = {}
    for (const who of ['relay', 'satchel'])
      answers[who] = await clients.ask({ call, who, where: where[who], ...options })
    return answers
  }

  const rates = { bulk: [], multi: [] }
  const spread = { relay: [], satchel: [] }
  for (let time = 1; time <= times; time++) {
    const bulk = await both('bulk', { keys: 1_000, bytes: BYTES, rounds: 5 })
    const multi = await both('multi', { identities: 20, keys: 100, bytes: BYTES, rounds: 3 })
    const seen = await both('propagation', { times: 200, bytes: BYTES })
    rates.bulk.push({ relay: median(bulk.relay), satchel: median(bulk.satchel) })
    rates.multi.push({ relay: median(multi.relay), satchel: median(multi.satchel) })
    for (const who of ['relay', 'satchel']) spread[who].push(seen[who])
    say(
      `round ${time}: ${grouped(rates.bulk.at(-1).satchel)} keys/s against ${grouped(rates.bulk.at(-1).relay)}; ` +
        `20 identities ${grouped(rates.multi.at(-1).satchel)} against ${grouped(rates.multi.at(-1).relay)}; ` +
        `seen after ${seen.satchel.p50.toFixed(2)} ms against ${seen.relay.p50.toFixed(2)}`,
    )
  }
  const cold = await clients.ask({
    call: 'cold',
    who: 'satchel',
    where: where.satchel,
    keys: 1_000,
    bytes: BYTES,
    rounds: quick ? 3 : 15,
  })
  const coldRelay = await clients.ask({
    call: 'cold',
    who: 'relay',
    where: { ...where.relay, identity: 'cold' },
    keys: 1_000,
    bytes: BYTES,
    rounds: quick ? 3 : 15,
  })
  const full = await clients.ask({
    call: 'cold',
    who: 'satchel',
    where: where.satchel,
    ...FULL,
    rounds: quick ? 3 : 10,
  })
  await clients.stop()
  await relay.stop()
  await server.stop()

  const ratios = (kind) => rates[kind].map(({ satchel, relay: bare }) => satchel / bare)
  const rateNote = (kind) =>
    `Satchel ${grouped(median(rates[kind].map(({ satchel }) => satchel)))} keys/s, relay ${grouped(median(rates[kind].map((of) => of.relay)))} keys/s`
  return [
    result({
      name: 'live-bulk',
      title: '1,000 single puts at A until B has all',
      unit: '× relay',
      rounds: ratios('bulk'),
      goal: atLeast(1),
      notes: [rateNote('bulk')],
    }),
    result({
      name: 'live-multi',
      title: '20 identities, 100 single puts each, at once',
      unit: '× relay',
      rounds: ratios('multi'),
      goal: atLeast(1),
      notes: [rateNote('multi')],
    }),
    result({
      name: 'live-seen',
      title: 'one put at A until B shows it (p50 of 200)',
      unit: 'ms',
      rounds: spread.satchel.map(({ p50 }) => p50),
      notes: [
        `p95 ${median(spread.satchel.map(({ p95 }) => p95)).toFixed(2)} ms; relay p50 ${median(spread.relay.map(({ p50 }) => p50)).toFixed(2)}, p95 ${median(spread.relay.map(({ p95 }) => p95)).toFixed(2)} ms`,
      ],
    }),
    result({
      name: 'live-cold',
      title: 'a new device, opened until it has 1,000 keys of 100 bytes',
      unit: 'ms',
      rounds: cold,
      goal: atMost(15),
      notes: [`relay ${median(coldRelay).toFixed(1)} ms, connecting included`],
    }),
    result({
      name: 'live-full',
      title: 'a new device, opened until it has a full dataset of 1,048,576 bytes',
      unit: 'ms',
      rounds: full,
      goal: atMost(60),
    }),
  ]
}
