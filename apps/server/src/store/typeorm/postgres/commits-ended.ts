import type { Clock } from '../../../runtime/clock.js'
import type { PostgresDatabase } from './postgres-database.js'
import { prepared } from './prepared.js'

const POLL_MS = 5

/**
 * Resolves once every commit that was under way at the call has ended, of this process or another, and keeps none waiting. What was committed before the
 * call is then what every commit to come is judged by. The database's own limits of time end what hangs.
 */
export async function commitsEnded(database: Pick<PostgresDatabase, 'query'>, clock: Clock): Promise<void> {
  let left = await database.query<{ id: string }>(UNDER_WAY)
  while (left.length > 0) {
    await new Promise<void>((resolve) => clock.after(POLL_MS, resolve))
    left = await database.query<{ id: string }>(STILL_UNDER_WAY, [left.map(({ id }) => id)])
  }
}

// A commit holds the lock of the table of identities, whose rows it locks first, from before it reads anything to its end. Virtual ids are of one
// transaction each.
const UNDER_WAY = prepared(`SELECT DISTINCT virtualtransaction AS id FROM pg_locks
  WHERE locktype = 'relation' AND relation = 'identity'::regclass AND mode = 'RowShareLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)

const STILL_UNDER_WAY = prepared(`SELECT DISTINCT virtualtransaction AS id FROM pg_locks
  WHERE virtualtransaction = ANY ($1::text[]) AND locktype = 'relation' AND relation = 'identity'::regclass`)
