import pg from 'pg'
import { atMost, result } from '../report/result.js'
import { median } from '../report/statistics.js'
import { grouped } from '../report/table.js'
import { startOnPostgres } from '../seed/postgres-site.js'
import { kindsOf, ratioIn, SEEDED } from './stored.js'

const FEW = 1_000
const ACTIVE = 1_000
const AWAKE = 4_096

/** As scenario `stored`, of which these are the same requests, with two servers and two databases in one PostgreSQL. */
export async function storedCosts({ quick, say, generator, env, postgres }) {
  const rounds = quick ? 3 : 7
  const many = quick ? 100_000 : 1_000_000
  say(`storing ${grouped(FEW)} and ${grouped(many)} identities …`)
  const options = { workload: SEEDED, env }
  const few = await startOnPostgres(postgres, { ...options, count: FEW })
  const all = await startOnPostgres(postgres, { ...options, count: many, active: ACTIVE + AWAKE })
  const servers = { few, all: { ...all, identities: all.identities.slice(0, ACTIVE) } }
  const sizes = await rowBytes(all.url)
  for (const { port, pool, identities } of Object.values(servers)) {
    await generator.ask({ call: 'enter', port, pool, identities })
  }
  const kinds = kindsOf(quick ? 1_000 : 4_000)
  const costs = new Map(kinds.map(({ key }) => [key, { few: [], all: [] }]))
  for (let round = 0; round <= rounds; round++) {
    for (const kind of kinds) {
      for (const who of round % 2 === 0 ? ['few', 'all'] : ['all', 'few']) {
        const { identities: active, ...server } = servers[who]
        const figures = await kind.measure(generator, { ...server, active }, round)
        if (round > 0) costs.get(kind.key)[who].push(kind.cost(figures))
      }
    }
    if (round > 0) say(`round ${round}: ${kinds.map(({ key }) => `${key} ${ratioIn(costs.get(key), -1)}`).join(', ')}`)
  }
  const awake = await everyoneAwake({ generator, postgres, all })
  await generator.ask({ call: 'forget', name: 'stored' })
  for (const server of Object.values(servers)) await server.stop()

  const compared = kinds.map(({ key, title }) => {
    const { few, all } = costs.get(key)
    return result({
      name: `postgres-stored-${key}`,
      title: `PostgreSQL: ${title}, ${grouped(many)} identities stored (${(sizes.database / 2 ** 30).toFixed(1)} GiB)`,
      unit: `× the cost with ${grouped(FEW)}`,
      rounds: all.map((cost, at) => cost / few[at]),
      goal: atMost(1.2),
      figures: sizes,
      notes: [`${median(few).toFixed(3)} ms with ${grouped(FEW)}, ${median(all).toFixed(3)} ms with ${grouped(many)}`],
    })
  })
  return [...compared, awake]
}

/** Told for docs/SCALING.md: what is written to the log when each update is the first on its pages since a checkpoint, which then go there whole. */
async function everyoneAwake({ generator, postgres, all }) {
  const { port, pool } = all
  const identities = all.identities.slice(ACTIVE)
  await generator.ask({ call: 'enter', port, pool, identities })
  const workload = {
    ...SEEDED,
    connections: 64,
    updatesPerConnection: AWAKE / 64,
    updatesBefore: SEEDED.keysPerDataset,
  }
  await generator.ask({ call: 'prepareUpdates', name: 'stored', port, workload, identities, round: 0 })
  await postgres.ask('CHECKPOINT')
  const before = await postgres.walBytes()
  const { seconds } = await generator.ask({ call: 'send', name: 'stored', port })
  const walBytes = ((await postgres.walBytes()) - before) / AWAKE
  return result({
    name: 'postgres-stored-awake',
    title: `PostgreSQL: log of one update, ${grouped(AWAKE)} identities active, each writing once after a checkpoint`,
    unit: 'bytes',
    rounds: [walBytes],
    notes: [`${((seconds * 1_000) / AWAKE).toFixed(3)} ms an update`],
    figures: { walBytes },
  })
}

/** What a row of each large table takes, its part of the indexes included, and the whole database, in bytes. */
async function rowBytes(url) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } =
    await client.query(`SELECT pg_database_size(current_database()) AS database, pg_total_relation_size('identity') / (SELECT count(*) FROM identity) AS identity,
    pg_total_relation_size('dataset') / (SELECT count(*) FROM dataset) AS dataset, pg_total_relation_size('record') / (SELECT count(*) FROM record) AS record`)
  await client.end()
  return Object.fromEntries(Object.entries(rows[0]).map(([name, bytes]) => [name, Number(bytes)]))
}
