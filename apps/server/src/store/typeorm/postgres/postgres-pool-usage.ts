import type { IdentityPoolId } from '@satchel/protocol'
import type { PoolUsageChange } from '../pool-usage.js'
import type { Transaction } from './connections.js'
import { prepared } from './prepared.js'

/** Rows among which the usage of a pool is spread at most. */
const LANES_MAX = 256

/** The row of a pool that this connection moves: hardly ever that of another connection, so that nobody waits. */
export const LANE = `(pg_backend_pid() % ${LANES_MAX})::text`

/** Moves the usage of pools in the caller's transaction. */
export async function addPoolUsage(
  transaction: Transaction,
  moved: ReadonlyMap<IdentityPoolId, PoolUsageChange>,
): Promise<void> {
  // In the order of their ids, so that two transactions never wait for each other.
  const pools = [...moved].sort(([a], [b]) => (a < b ? -1 : 1))
  await transaction.run(ADD, [
    pools.map(([pool]) => pool),
    pools.map(([, { datasets }]) => datasets),
    pools.map(([, { records }]) => records),
    pools.map(([, { bytes }]) => bytes),
    pools.map(([, { syncSessions }]) => syncSessions),
    pools.map(([, { at }]) => at),
  ])
}

const ADD =
  prepared(`INSERT INTO pool_usage AS held (pool_id, lane, datasets, records, bytes, sync_sessions, modified_at)
  SELECT pool_id, ${LANE}, datasets, records, bytes, sync_sessions, modified_at
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
      AS moved (pool_id, datasets, records, bytes, sync_sessions, modified_at)
  ON CONFLICT (pool_id, lane) DO UPDATE SET datasets = held.datasets + excluded.datasets,
    records = held.records + excluded.records, bytes = held.bytes + excluded.bytes,
    sync_sessions = held.sync_sessions + excluded.sync_sessions, modified_at = greatest(held.modified_at, excluded.modified_at)`)
