import { startSatchel } from '../process/satchel.js'
import { createGuestPool } from './pool.js'
import { seedIdentities } from './identities.js'

/** A running server with a pool of so many guests; see {@link seedIdentities} for `workload`. */
export async function startWithGuests({ count, workload = null, env = {}, profiled = false }) {
  const first = await startSatchel({ env })
  const pool = await createGuestPool(first)
  await first.stop()
  const identities = seedIdentities(first.databaseFile, { pool, count, workload })
  const server = await startSatchel({ dataDir: first.dataDir, env, profiled })
  return { ...server, pool, identities }
}

/** As {@link startWithGuests}; the generator is told of the guests, to send as them. */
export async function startForGenerator(generator, options) {
  const server = await startWithGuests(options)
  const { port, pool, identities } = server
  await generator.ask({ call: 'enter', port, pool, identities })
  return server
}
