import { startSatchel } from '../process/satchel.js'
import { createGuestPool } from './pool.js'
import { seedPostgresIdentities } from './postgres-identities.js'

/** What every node of a site has; the key is worth nothing. */
const SHARED = {
  SATCHEL_PUBLIC_URL: 'http://bench.satchel.test',
  SATCHEL_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  SATCHEL_ADMIN_ACCESS_KEY_ID: 'AKIABENCHOFMANYNODES',
  SATCHEL_ADMIN_SECRET_ACCESS_KEY: 'a-secret-that-is-long-enough-for-a-bench',
}

/** The settings of a node on this database. */
export const onDatabase = (url, env = {}) => ({ ...SHARED, SATCHEL_DATABASE_URL: url, ...env })

/**
 * A new database with a pool of so many guests, and `nodes` running servers on it; `identities` are the active ones, `port` that of the first node. See
 * {@link seedPostgresIdentities} for `workload`.
 */
export async function startOnPostgres(postgres, { env = {}, nodes: count = 1, profiled = false, ...seed }) {
  const url = await postgres.createDatabase()
  const first = await startSatchel({ env: onDatabase(url, env) })
  const pool = await createGuestPool(first)
  await first.stop()
  const identities = await seedPostgresIdentities(url, { pool, ...seed })
  const nodes = []
  while (nodes.length < count) nodes.push(await startSatchel({ env: onDatabase(url, env), profiled }))
  return { ...nodes[0], nodes, ports: nodes.map(({ port }) => port), url, pool, identities, stop: () => stopAll(nodes) }
}

async function stopAll(nodes) {
  await Promise.all(nodes.map((node) => node.stop()))
}
