import { statSync } from 'node:fs'
import { atMost, result } from '../report/result.js'
import { median } from '../report/statistics.js'
import { grouped } from '../report/table.js'
import { startWithGuests } from '../seed/prepared-server.js'

export const name = 'stored'
export const title = 'cost of one update and one empty listing with 1,000,000 identities stored, against 1,000'

const ACTIVE = 1_000
const FEW = 1_000
const AWAKE = 16_384

/**
 * Two servers that differ in nothing but what is stored, asked in turn, by as many active identities, chosen by
 * chance among all. Cost is the median time of a request at one connection, and time per request at 64.
 */
export async function run({ quick, say, generator, env }) {
  const rounds = quick ? 3 : 7
  const many = quick ? 100_000 : 1_000_000
  const requests = quick ? 1_000 : 4_000
  say(`storing ${grouped(FEW)} and ${grouped(many)} identities …`)
  const few = await startWithGuests({ count: FEW, workload: SEEDED, env })
  const all = await startWithGuests({ count: many, workload: SEEDED, env })
  const servers = { few: { ...few, active: few.identities }, all: { ...all, active: all.identities.slice(0, ACTIVE) } }
  const bytes = statSync(all.databaseFile).size
  for (const { port, pool, active } of Object.values(servers)) {
    await generator.ask({ call: 'enter', port, pool, identities: active })
  }

  const kinds = kindsOf(requests)
  const costs = new Map(kinds.map(({ key }) => [key, { few: [], all: [] }]))
  for (let round = 0; round <= rounds; round++) {
    for (const kind of kinds) {
      for (const who of round % 2 === 0 ? ['few', 'all'] : ['all', 'few']) {
        const figures = await kind.measure(generator, servers[who], round)
        if (round > 0) costs.get(kind.key)[who].push(kind.cost(figures))
      }
    }
    if (round > 0) say(`round ${round}: ${kinds.map(({ key }) => `${key} ${ratioIn(costs.get(key), -1)}`).join(', ')}`)
  }
  const usualMs = median(costs.get('update-64').few)
  const awake = await everyoneAwake({ generator, all, usualMs, quick })
  await generator.ask({ call: 'forget', name: 'stored' })
  await few.stop()
  await all.stop()

  const stored = `${grouped(many)} stored (${(bytes / 2 ** 30).toFixed(1)} GiB)`
  return [
    ...kinds.map(({ key, title: what }) => {
      const { few: before, all: after } = costs.get(key)
      return result({
        name: `stored-${key}`,
        title: `${what}, ${stored}`,
        unit: `× the cost with ${grouped(FEW)}`,
        rounds: after.map((cost, at) => cost / before[at]),
        goal: atMost(1.2),
        notes: [
          `${median(before).toFixed(3)} ms with ${grouped(FEW)}, ${median(after).toFixed(3)} ms with ${grouped(many)}`,
        ],
      })
    }),
    awake,
  ]
}

export const ratioIn = ({ few, all }, at) => (all.at(at) / few.at(at)).toFixed(2)

export const SEEDED = { dataset: 'settings', patches: 1, keysPerDataset: 2, valueBytes: 100 }

/** One connection and 64 write for different identities, so that each knows its records' counts. */
export function kindsOf(requests) {
  const alone = { ...SEEDED, connections: 1, updatesPerConnection: requests / 4, updatesBefore: SEEDED.keysPerDataset }
  const crowd = { ...alone, connections: 64, updatesPerConnection: Math.floor(requests / 64) }
  const writers = { alone: (active) => active.slice(0, 200), crowd: (active) => active.slice(200, 900) }
  const readers = (active) => active.slice(900)
  const perRequest = ({ seconds, requests: sent }) => (seconds * 1_000) / sent
  const middle = ({ p50 }) => p50

  const updating =
    (workload, writersOf) =>
    async (generator, { port, active }, round) => {
      const options = { port, workload, identities: writersOf(active), round }
      await generator.ask({ call: 'prepareUpdates', name: 'stored', ...options })
      return generator.ask({ call: 'send', name: 'stored', port })
    }
  const listing =
    (connections, perConnection) =>
    async (generator, { port, active }) => {
      const { dataset, keysPerDataset: count } = SEEDED
      const options = { port, identities: readers(active), dataset, count, connections, perConnection }
      await generator.ask({ call: 'prepareEmptyListings', name: 'stored', ...options })
      return generator.ask({ call: 'send', name: 'stored', port })
    }
  return [
    { key: 'update-1', title: 'one update at a time', cost: middle, measure: updating(alone, writers.alone) },
    {
      key: 'update-64',
      title: 'one update of 64 at a time',
      cost: perRequest,
      measure: updating(crowd, writers.crowd),
    },
    { key: 'list-1', title: 'one empty listing at a time', cost: middle, measure: listing(1, requests) },
    {
      key: 'list-64',
      title: 'one empty listing of 64 at a time',
      cost: perRequest,
      measure: listing(64, Math.floor(requests / 16)),
    },
  ]
}

/** Told for comparison: many more active identities than before, each writing once, so that nothing is warm. */
async function everyoneAwake({ generator, all, usualMs, quick }) {
  const awake = all.identities.slice(ACTIVE, ACTIVE + (quick ? AWAKE / 4 : AWAKE))
  await generator.ask({ call: 'enter', port: all.port, pool: all.pool, identities: awake })
  const workload = { ...SEEDED, connections: 64, updatesPerConnection: awake.length / 64, updatesBefore: 2 }
  const options = { port: all.port, workload, identities: awake, round: 0 }
  await generator.ask({ call: 'prepareUpdates', name: 'stored', ...options })
  const { seconds } = await generator.ask({ call: 'send', name: 'stored', port: all.port })
  const coldMs = (seconds * 1_000) / awake.length
  return result({
    name: 'stored-awake',
    title: `one update of 64 at a time, ${grouped(awake.length)} identities active, each writing once`,
    unit: `× the cost with ${grouped(FEW)}`,
    rounds: [coldMs / usualMs],
    notes: [`${coldMs.toFixed(3)} ms with ${grouped(all.identities.length)}`],
  })
}
