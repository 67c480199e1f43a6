import pg from 'pg'
import { addressOf } from './address-of.js'
import { sessionLimits } from './connections.js'
import { unusable } from './unusable.js'

/** Any number that nothing else locks by. */
const COPY_LOCK = 5_290_174_119

/**
 * Does `work` while no other copy is made into the same database; rejects with a sentence while one is. The database takes the turn back when the process ends,
 * however it ends.
 */
export async function inCopyTurn<T>(url: string, work: () => Promise<T>): Promise<T> {
  const turn = await connected(url)
  try {
    const { rows } = await turn.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [COPY_LOCK])
    if (!rows[0]!.taken) throw new Error(`another copy is being made into the database ${addressOf(url)}`)
    return await work()
  } finally {
    await turn.end().catch(() => {})
  }
}

async function connected(url: string): Promise<pg.Client> {
  try {
    const turn = new pg.Client({ connectionString: url, application_name: 'satchel copy', ...sessionLimits(0) })
    turn.on('error', () => {}) // what is copied goes over other connections, which tell of it
    await turn.connect()
    return turn
  } catch (cause) {
    throw unusable(url, cause)
  }
}
