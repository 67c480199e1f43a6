import { LANES } from '../../apps/server/dist/store/typeorm/postgres/postgres-database.js'
import { startPostgresLoop, startStorePath } from '../process/floor.js'
import { startPostgres } from '../process/postgres.js'
import { cpuSeconds } from '../process/resources.js'
import { commitFigures } from '../profile/group-size.js'
import { atLeast, result } from '../report/result.js'
import { inRounds } from '../report/rounds.js'
import { median } from '../report/statistics.js'
import { grouped } from '../report/table.js'
import { startOnPostgres } from '../seed/postgres-site.js'
import { storedCosts } from './postgres-stored.js'

export const name = 'postgres'
export const title = 'a server and its store on a real PostgreSQL, against bare loops over pg on the same one'

/** What a server answers before it is measured; Node compiles the way of a request in the background, for twice what it takes later, while the first thousands come. */
const WARM_UP_REQUESTS = 12_800
const WARM_UP_BULKS = 480

/** Nothing of a scenario is left when its part ends, so that each begins with the same PostgreSQL. */
export async function run({ quick, say, generator, env }) {
  const postgres = await startPostgres(say)
  if (postgres === null) return []
  const bench = { quick, say, generator, env, postgres }
  try {
    say(`PostgreSQL ${postgres.version}, fsync and synchronous_commit on`)
    return [...(await bulk(bench)), ...(await single(bench)), ...(await storedCosts(bench))]
  } finally {
    await postgres.stop()
  }
}

const bulkWorkload = (quick) => ({
  dataset: 'catalogue',
  connections: 16,
  updatesPerConnection: quick ? 15 : 60,
  patches: 100,
  keysPerDataset: 200,
  valueBytes: 200,
})

/** What `--profile` sends, and to whom. */
export const IDENTITIES = 1_000
export const workloadFor = (quick) => singleWorkload(quick)
export async function start({ say, ...options }) {
  const postgres = await startPostgres(say)
  const server = await startOnPostgres(postgres, options)
  return { ...server, stop: () => server.stop().then(() => postgres.stop()) }
}

const singleWorkload = (quick) => ({
  dataset: 'settings',
  connections: 64,
  updatesPerConnection: quick ? 50 : 150,
  patches: 1,
  keysPerDataset: 8,
  valueBytes: 200,
})

/** 100 patches an update; the loop has as many connections as the server commits on, and as many records in a transaction as the server had in the same round. */
const bulk = (bench) =>
  compared(bench, {
    name: 'postgres-bulk',
    workload: bulkWorkload(bench.quick),
    identities: 192,
    what: 'records of 100-patch updates, 16 connections',
    unit: '× bare unnest upserts',
    goal: atLeast(0.4),
    rowsOf: ({ patches }) => patches,
    loop: (workload, writesPerCommit) => ({
      call: 'bulk',
      connections: LANES,
      rowsPerTransaction: Math.round(writesPerCommit * workload.patches),
    }),
  })

/** One patch an update; the loop has as many connections as the server has clients. */
const single = (bench) =>
  compared(bench, {
    name: 'postgres-updates',
    workload: singleWorkload(bench.quick),
    identities: IDENTITIES,
    what: 'updates of 1 patch, 64 connections',
    unit: '× bare CTE transactions',
    goal: atLeast(0.5),
    rowsOf: () => 1,
    loop: ({ connections }) => ({ call: 'single', connections }),
  })

/** Rounds in turn: the whole service, its store path alone, the bare loop; each writes the same rows. */
async function compared(
  { quick, say, generator, env, postgres },
  { workload, identities: count, rowsOf, loop, ...told },
) {
  const server = await startOnPostgres(postgres, { count, env })
  const path = await startOnPostgres(postgres, { count, env })
  await path.stop()
  const storePath = startStorePath(path.url)
  const floor = startPostgresLoop(await postgres.createDatabase())
  const { port, pid, pool, identities } = server
  await generator.ask({ call: 'enter', port, pool, identities })
  const rows = rowsOf(workload)

  const measure = async (round) => {
    await generator.ask({ call: 'prepareUpdates', name: 'postgres', port, workload, identities, round })
    const one = {}
    const sends = {
      service: async () => {
        const before = await commitFigures(port)
        const cpu = cpuSeconds(pid)
        const figures = await generator.ask({ call: 'send', name: 'postgres', port })
        const after = await commitFigures(port)
        return {
          perSecond: figures.perSecond * rows,
          p50: figures.p50,
          p99: figures.p99,
          generatorLoad: figures.generatorLoad,
          cpuMicroseconds: ((cpuSeconds(pid) - cpu) * 1e6) / figures.requests / rows,
          writesPerCommit: (after.writes - before.writes) / (after.commits - before.commits),
        }
      },
      store: async () => {
        const figures = await storePath.ask({
          call: 'run',
          workload,
          pool: path.pool,
          identities: path.identities,
          round,
        })
        return { ...figures, perSecond: figures.perSecond * rows, cpuMicroseconds: figures.cpuMicroseconds / rows }
      },
      // After the service, whose transactions it takes its size from.
      floor: () => floor.ask({ workload, identities, round, ...loop(workload, one.service.writesPerCommit) }),
    }
    for (const kind of [
      ['service', 'store', 'floor'],
      ['store', 'service', 'floor'],
      ['service', 'floor', 'store'],
    ][round % 3]) {
      const before = postgres.cpuSeconds()
      one[kind] = await sends[kind]()
      one[kind].databaseMicroseconds =
        ((postgres.cpuSeconds() - before) * 1e6) / (workload.connections * workload.updatesPerConnection * rows)
    }
    return one
  }
  const line = ({ service, store, floor: bare }) =>
    `${grouped(service.perSecond)}/s, store path ${grouped(store.perSecond)}/s, bare ${grouped(bare.perSecond)}/s`
  const warmUps = Math.ceil(
    (workload.patches === 1 ? WARM_UP_REQUESTS : WARM_UP_BULKS) /
      (workload.connections * workload.updatesPerConnection),
  )
  const runs = await inRounds({ quick, say }, { measure, line, warmUps })
  await generator.ask({ call: 'forget', name: 'postgres' })
  for (const started of [server, storePath, floor]) await started.stop()

  const ratios = (of) => runs[of].map(({ perSecond }, at) => perSecond / runs.floor[at].perSecond)
  const of = (kind, member) => median(runs[kind].map((figures) => figures[member]))
  const costs = (kind) =>
    `${grouped(of(kind, 'perSecond'))}/s; processor time each ${of(kind, 'cpuMicroseconds').toFixed(0)} µs in Node, ` +
    `${of(kind, 'databaseMicroseconds').toFixed(0)} µs in PostgreSQL`
  const { name: line1, what, unit, goal } = told
  return [
    result({
      name: line1,
      title: `PostgreSQL: ${what}, whole service`,
      unit,
      rounds: ratios('service'),
      goal,
      notes: [
        `service    ${costs('service')}; ${of('service', 'writesPerCommit').toFixed(1)} updates a commit, ` +
          `p50 ${of('service', 'p50').toFixed(1)} ms, p99 ${of('service', 'p99').toFixed(1)} ms; generator ${(of('service', 'generatorLoad') * 100).toFixed(0)} % of a core`,
        `bare loop  ${costs('floor')}`,
      ],
    }),
    result({
      name: `${line1}-store`,
      title: `PostgreSQL: the same, write queue and store alone`,
      unit,
      rounds: ratios('store'),
      goal,
      notes: [`store path ${costs('store')}; ${of('store', 'writesPerCommit').toFixed(1)} updates a commit`],
    }),
  ]
}
