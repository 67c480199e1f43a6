import type { IdentityPoolId } from '@satchel/protocol'
import type { QueryRunner } from 'typeorm'
import type { Usage } from '../../domain/usage.js'

/** By how much a pool's figures move; `at` is 0 where nothing was written to a dataset. */
export type PoolUsageChange = Usage & Readonly<{ syncSessions: number; at: number }>

/** The lane that wrote a pool's usage; SQLite has one. */
const LANE = 'sqlite'

/** Moves a pool's usage; values by {@link poolUsageValues}. */
export const ADD_POOL_USAGE = `INSERT INTO pool_usage (pool_id, lane, datasets, records, bytes, sync_sessions, modified_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (pool_id, lane) DO UPDATE SET datasets = datasets + excluded.datasets, records = records + excluded.records,
    bytes = bytes + excluded.bytes, sync_sessions = sync_sessions + excluded.sync_sessions,
    modified_at = max(modified_at, excluded.modified_at)`

export const poolUsageValues = (pool: IdentityPoolId, by: PoolUsageChange): unknown[] => [
  pool,
  LANE,
  by.datasets,
  by.records,
  by.bytes,
  by.syncSessions,
  by.at,
]

/** Moves a pool's usage in the caller's transaction. */
export async function addPoolUsage(runner: QueryRunner, pool: IdentityPoolId, by: PoolUsageChange): Promise<void> {
  await runner.query(ADD_POOL_USAGE, poolUsageValues(pool, by))
}
