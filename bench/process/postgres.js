import { readFileSync } from 'node:fs'
import { supportModule } from './bundled.js'
import { cpuSeconds, cpuSecondsOfEnded } from './resources.js'

/** What an operator sets on a machine of this size; durable in every respect. */
const SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '1GB',
  max_wal_size: '4GB',
  max_connections: '200',
}

/** The library that counts statements; every statement of every client is counted, BEGIN and COMMIT too. */
const COUNTING = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'top' }

/**
 * A real PostgreSQL, the one that the tests use (`test/support/postgres`); null, and a line that says so, where there is none. With `counting`
 * it counts statements. Ends with the bench.
 */
export async function startPostgres(say, { counting = false } = {}) {
  const { findPostgres } = await supportModule('postgres/find-postgres.ts')
  if (findPostgres() === null) {
    say('NOT MEASURED: there is no PostgreSQL here')
    return null
  }
  const { PostgresServer } = await supportModule('postgres/postgres-server.ts')
  const server = await PostgresServer.start({ settings: { ...SETTINGS, ...(counting ? COUNTING : {}) } })
  if (counting) await server.ask('CREATE EXTENSION pg_stat_statements')
  const [{ server_version: version }] = await server.ask('SHOW server_version')
  const [{ data_directory: folder }] = await server.ask('SHOW data_directory')
  const pid = Number(readFileSync(`${folder}/postmaster.pid`, 'utf8').split('\n')[0])
  const endAtOnce = () => kill(pid)
  process.once('exit', endAtOnce)
  return {
    version,
    createDatabase: () => server.createDatabase(),
    ask: (sql) => server.ask(sql),
    cpuSeconds: () => cpuSecondsOfAll(pid),
    /** Statements that clients have sent to a database so far, and what they wrote to the log; only where statements are counted. */
    counted: (url) => counted(server, new URL(url).pathname.slice(1)),
    /** The same by statement, of every database. */
    statements: () => statementsSoFar(server),
    walBytes: async () => Number((await server.ask(`SELECT pg_current_wal_lsn() - '0/0' AS bytes`))[0].bytes),
    async stop() {
      process.off('exit', endAtOnce)
      await server.end()
    },
  }
}

const childrenOf = (pid) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

/** Of the server, of those of its processes that run, and of those that have ended. */
function cpuSecondsOfAll(pid) {
  const running = childrenOf(pid).map(cpuSeconds).filter(Number.isFinite)
  return running.reduce((sum, seconds) => sum + seconds, cpuSeconds(pid) + cpuSecondsOfEnded(pid))
}

async function counted(server, database) {
  const [{ statements, wal }] =
    await server.ask(`SELECT coalesce(sum(calls), 0) AS statements, coalesce(sum(wal_bytes), 0) AS wal
    FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = '${database}')`)
  return { statements: Number(statements), walBytes: Number(wal) }
}

async function statementsSoFar(server) {
  const rows =
    await server.ask(`SELECT query, sum(calls) AS calls, sum(total_exec_time) AS ms, sum(wal_bytes) AS wal FROM pg_stat_statements
    WHERE query NOT LIKE '%pg_stat_statements%' GROUP BY query`)
  return new Map(
    rows.map(({ query, calls, ms, wal }) => [query, { calls: Number(calls), ms: Number(ms), wal: Number(wal) }]),
  )
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGQUIT') // ends its processes with it
  } catch {
    // it has ended
  }
}
