import { fileURLToPath } from 'node:url'
import { guestTokenOf } from '../live/guest-token.js'
import { startNode } from '../process/child.js'
import { startPostgres } from '../process/postgres.js'
import { startRedis } from '../process/redis.js'
import { cpuSeconds } from '../process/resources.js'
import { atMost, result } from '../report/result.js'
import { median } from '../report/statistics.js'
import { grouped } from '../report/table.js'
import { startOnPostgres } from '../seed/postgres-site.js'

export const name = 'nodes'
export const title = 'what a sync costs the database with 1, 2 and 4 nodes, and what a hint costs'

const WATCHERS = fileURLToPath(new URL('../live/watchers.js', import.meta.url))
const NODES = [1, 2, 4]
const CONNECTIONS_PER_NODE = 16
const DATASET = 'settings'
const SEEDED = { dataset: DATASET, patches: 1, keysPerDataset: 2, valueBytes: 100 }
const IDENTITIES = 1_000
const DEVICES_PER_IDENTITY = 4
const IDLE_MS = 4_000
/** Ratios of something that stays the same, with room for what a measurement scatters. */
const NO_GROWTH = atMost(1.1)

/** Three sites on one PostgreSQL, which differ in nothing but how many nodes they have, measured in turn. */
export async function run({ quick, say, generator, env }) {
  const postgres = await startPostgres(say, { counting: true })
  if (postgres === null) return []
  const redis = await startRedis(say)
  const settings = { ...env, ...(redis === null ? {} : { SATCHEL_REDIS_URL: redis.url }) }
  const bench = { quick, say, generator, postgres, redis, env: settings }
  try {
    const sites = new Map()
    for (const nodes of NODES) sites.set(nodes, await startSite(bench, nodes))
    const costs = await measured(bench, sites)
    const results = [...NODES.slice(1).flatMap((nodes) => compared(costs, nodes)), ...told(costs)]
    for (const site of sites.values()) await site.stop()
    return results
  } finally {
    await redis?.stop()
    await postgres.stop()
  }
}

async function startSite({ generator, postgres, env, say }, nodes) {
  say(`starting ${nodes} ${nodes === 1 ? 'node' : 'nodes'} …`)
  const site = await startOnPostgres(postgres, { nodes, count: IDENTITIES, workload: SEEDED, env })
  await generator.ask({ call: 'enter', port: site.port, pool: site.pool, identities: site.identities })
  return site
}

/**
 * `alone`: each node has one client, so that no update shares a transaction. `own`: each has 16, as where nodes are added because there are more devices.
 * `shared`: all nodes together have 16. `list`: listings that find nothing new. `hints`: as `shared`, of identities that four devices watch, spread over the
 * nodes. `idle`: nothing.
 */
const KINDS = ['alone', 'own', 'shared', 'list', 'hints', 'idle']

async function measured(bench, sites) {
  const { quick, say } = bench
  const rounds = quick ? 2 : 5
  const watching = new Map()
  for (const [nodes, site] of sites) watching.set(nodes, await watchersOf(site))
  const costs = new Map(NODES.map((nodes) => [nodes, Object.fromEntries(KINDS.map((kind) => [kind, []]))]))
  for (let round = 0; round <= rounds; round++) {
    const order = NODES.map((_, at) => NODES[(at + round) % NODES.length])
    for (const kind of KINDS) {
      for (const nodes of order) {
        const cost = await sending[kind](bench, sites.get(nodes), { round, watchers: watching.get(nodes) })
        if (round > 0) costs.get(nodes)[kind].push(cost)
      }
    }
    if (round > 0) say(`round ${round}: ${NODES.map((nodes) => `${nodes}: ${lineOf(costs.get(nodes))}`).join('; ')}`)
  }
  for (const watchers of watching.values()) await watchers.stop()
  await bench.generator.ask({ call: 'forget', name: 'nodes' })
  return costs
}

const lineOf = ({ own, shared }) =>
  `${own.at(-1).statements.toFixed(2)} statements and ${own.at(-1).databaseMicroseconds.toFixed(0)} µs an update, ` +
  `${shared.at(-1).statements.toFixed(2)} and ${shared.at(-1).databaseMicroseconds.toFixed(0)} with the clients of one`

const workloadOf = (quick, connections, requests) => ({
  ...SEEDED,
  connections,
  updatesPerConnection: Math.round((quick ? requests / 5 : requests) / connections),
  updatesBefore: SEEDED.keysPerDataset,
})

/** Identities of its own for each kind, so that each knows its records' counts. */
const partOf = ({ identities }, from, to) => identities.slice(from, to)

const sending = {
  alone: (bench, site, { round }) =>
    updates(bench, site, { round, identities: partOf(site, 0, 100), connections: site.nodes.length, requests: 800 }),
  own: (bench, site, { round }) =>
    updates(bench, site, {
      round,
      identities: partOf(site, 100, 400),
      connections: CONNECTIONS_PER_NODE * site.nodes.length,
    }),
  shared: (bench, site, { round }) =>
    updates(bench, site, { round, identities: partOf(site, 400, 800), connections: CONNECTIONS_PER_NODE }),
  async list(bench, site) {
    const { quick, generator } = bench
    const connections = CONNECTIONS_PER_NODE * site.nodes.length
    const listings = {
      port: site.port,
      identities: partOf(site, 900, 1_000),
      dataset: DATASET,
      count: SEEDED.keysPerDataset,
      connections,
      perConnection: Math.round((quick ? 640 : 3_200) / connections),
    }
    await generator.ask({ call: 'prepareEmptyListings', name: 'nodes', ...listings })
    return costOf(bench, site, () => generator.ask({ call: 'send', name: 'nodes', port: site.ports }))
  },
  async hints(bench, site, { round, watchers }) {
    const heardBefore = await watchers.ask({ call: 'heard' })
    const cost = await updates(
      bench,
      site,
      { round, identities: partOf(site, 800, 848), connections: CONNECTIONS_PER_NODE },
      1_000,
    )
    const heard = await watchers.ask({ call: 'heard' })
    return { ...cost, hints: (heard.hints - heardBefore.hints) / cost.requests }
  },
  idle: (bench, site) => costOf(bench, site, () => pause(IDLE_MS).then(() => ({ requests: IDLE_MS / 1_000 }))),
}

async function updates(bench, site, { round, identities, connections, requests = 3_200 }, settleMs = 0) {
  const { quick, generator } = bench
  const workload = workloadOf(quick, connections, requests)
  await generator.ask({ call: 'prepareUpdates', name: 'nodes', port: site.port, workload, identities, round })
  return costOf(bench, site, async () => {
    const figures = await generator.ask({ call: 'send', name: 'nodes', port: site.ports })
    await pause(settleMs) // until everybody has heard
    return figures
  })
}

/** What a request costs the database, the nodes and Redis. */
async function costOf({ postgres, redis }, site, send) {
  const cpuOfNodes = () => site.nodes.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
  const now = async () => ({
    ...(await postgres.counted(site.url)),
    database: postgres.cpuSeconds(),
    nodes: cpuOfNodes(),
    redis: redis === null ? 0 : cpuSeconds(redis.pid),
  })
  const before = await now()
  const { requests, perSecond = 0 } = await send()
  const after = await now()
  const per = (member, factor = 1) => ((after[member] - before[member]) * factor) / requests
  return {
    requests,
    perSecond,
    statements: per('statements'),
    walBytes: per('walBytes'),
    databaseMicroseconds: per('database', 1e6),
    nodeMicroseconds: per('nodes', 1e6),
    redisMicroseconds: per('redis', 1e6),
  }
}

/** Four devices of each of 48 identities, each at the next node. */
async function watchersOf(site) {
  const watchers = startNode(WATCHERS)
  const devices = []
  for (const identity of partOf(site, 800, 848)) {
    const token = await guestTokenOf(`http://127.0.0.1:${site.port}`, identity)
    for (let at = 0; at < DEVICES_PER_IDENTITY; at++) {
      devices.push({ url: `http://127.0.0.1:${site.ports[devices.length % site.ports.length]}`, token })
    }
  }
  await watchers.ask({ call: 'open', devices, dataset: DATASET })
  return watchers
}

const WHAT = {
  alone: 'updates, one client at each node',
  own: `updates, ${CONNECTIONS_PER_NODE} clients at each node`,
  shared: `updates, ${CONNECTIONS_PER_NODE} clients at all nodes together`,
  list: `empty listings, ${CONNECTIONS_PER_NODE} clients at each node`,
  hints: `updates with ${DEVICES_PER_IDENTITY} watching devices on all nodes`,
}

const of = (costs, nodes, kind, member) => median(costs.get(nodes)[kind].map((cost) => cost[member]))

function compared(costs, nodes) {
  const line = (kind, { member, what, goal, against, unit }) =>
    result({
      name: `nodes-${nodes}-${kind}-${member === 'statements' ? 'statements' : 'cpu'}`,
      title: `${nodes} nodes: ${what} of ${WHAT[kind]}`,
      unit,
      rounds: costs.get(nodes)[kind].map((cost, at) => cost[member] / against[at][member]),
      goal,
    })
  const both = (kind, { goal, against = costs.get(1)[kind], unit = '× one node' }) => [
    line(kind, { member: 'statements', what: 'statements', goal, against, unit }),
    line(kind, { member: 'databaseMicroseconds', what: "PostgreSQL's processor time", goal, against, unit }),
  ]
  return [
    ...both('alone', { goal: NO_GROWTH }),
    ...both('own', { goal: NO_GROWTH }),
    ...both('shared', { goal: null }),
    ...both('list', { goal: NO_GROWTH }),
    ...both('hints', { goal: NO_GROWTH, against: costs.get(nodes).shared, unit: '× without watchers' }),
  ]
}

/** The costs themselves, which docs/SCALING.md counts with. */
function told(costs) {
  const figures = (nodes, kind) =>
    `${of(costs, nodes, kind, 'statements').toFixed(2)} statements, ${of(costs, nodes, kind, 'databaseMicroseconds').toFixed(0)} µs in PostgreSQL, ` +
    `${of(costs, nodes, kind, 'nodeMicroseconds').toFixed(0)} µs in nodes, ${of(costs, nodes, kind, 'redisMicroseconds').toFixed(0)} µs in Redis, ` +
    `${grouped(of(costs, nodes, kind, 'walBytes'))} bytes of log`
  const heard = NODES.map((nodes) => `${nodes}: ${of(costs, nodes, 'hints', 'hints').toFixed(2)}`).join(', ')
  return KINDS.map((kind) =>
    result({
      name: `nodes-cost-${kind}`,
      title: kind === 'idle' ? 'a second of doing nothing, by a site of one node' : `one of ${WHAT[kind]}, one node`,
      unit: 'µs in PostgreSQL',
      rounds: costs.get(1)[kind].map(({ databaseMicroseconds }) => databaseMicroseconds),
      figures: Object.fromEntries(
        NODES.flatMap((nodes) =>
          Object.keys(costs.get(1)[kind][0]).map((member) => [`${member}-${nodes}`, of(costs, nodes, kind, member)]),
        ),
      ),
      notes: [
        ...NODES.map((nodes) => `${nodes} ${nodes === 1 ? 'node ' : 'nodes'} ${figures(nodes, kind)}`),
        ...(kind === 'hints' ? [`hints heard for each update, by nodes: ${heard}`] : []),
      ],
    }),
  )
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
