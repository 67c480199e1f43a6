import type { IdentityPoolId } from '@satchel/protocol'
import type { Clock } from '../../../runtime/clock.js'
import type { StoredPool } from '../../../domain/identity-pool.js'
import { NO_SYNC_SETTINGS, type SyncSettings } from '../../../domain/sync-settings.js'
import { streamTargetToJson, syncSettingsFromJson, syncSettingsToJson } from '../../pool-json.js'
import type { PoolStore, PoolUpdate } from '../../pool-store.js'
import { changingColumnsOf, POOL_COLUMNS, poolOf, type PoolRow } from '../pool-row.js'
import { commitsEnded } from './commits-ended.js'
import type { Transaction } from './connections.js'
import type { PostgresDatabase } from './postgres-database.js'
import { PostgresPoolReads } from './postgres-pool-reads.js'
import { prepared } from './prepared.js'

/** Keeps pools in PostgreSQL. */
export class PostgresPoolStore extends PostgresPoolReads implements PoolStore {
  constructor(
    private readonly database: PostgresDatabase,
    private readonly clock: Clock,
  ) {
    super(database)
  }

  create(pool: StoredPool): Promise<void> {
    return this.database.transaction((transaction) => insert(transaction, pool))
  }

  async findOrCreateByName(draft: StoredPool): Promise<StoredPool> {
    const { name } = draft.settings
    const [oldest] = await this.database.query<PoolRow>(BY_NAME, [name])
    if (oldest !== undefined) return poolOf(oldest)
    return this.database.transaction(async (transaction) => {
      await transaction.run(LOCK_POOLS) // a pool that is not there has no row to lock
      const [found] = await transaction.query<PoolRow>(BY_NAME, [name])
      if (found !== undefined) return poolOf(found)
      await insert(transaction, draft)
      return draft
    })
  }

  update(pool: IdentityPoolId, change: (held: StoredPool) => StoredPool | null): Promise<PoolUpdate> {
    return this.database.transaction(async (transaction): Promise<PoolUpdate> => {
      const [row] = await transaction.query<PoolRow>(LOCK, [pool])
      if (row === undefined) return { kind: 'missing' }
      const held = poolOf(row)
      const changed = change(held)
      if (changed === null) return { kind: 'declined', pool: held }
      const stored = { ...changed, pool, createdAt: held.createdAt }
      const { name, settings, roles, modifiedAt } = changingColumnsOf(stored)
      await transaction.run(UPDATE, [pool, name, settings, roles, modifiedAt])
      return { kind: 'stored', pool: stored }
    })
  }

  delete(pool: IdentityPoolId, at: number): Promise<boolean> {
    return this.database.transaction(async (transaction) => {
      if ((await transaction.run(DELETE, [pool])) === 0) return false
      await transaction.run(DOOM, [pool, at])
      return true
    })
  }

  async changeSyncSettings(
    pool: IdentityPoolId,
    change: (held: SyncSettings) => SyncSettings,
  ): Promise<SyncSettings | null> {
    const changed = await this.database.transaction(async (transaction) => {
      const [row] = await transaction.query<{ json: string }>(LOCK_SYNC_SETTINGS, [pool])
      if (row === undefined) return null
      const wanted = change(syncSettingsFromJson(row.json))
      await transaction.run(SET_SYNC_SETTINGS, [pool, syncSettingsToJson(wanted), streamTargetToJson(wanted)])
      return wanted
    })
    // A commit under way may have read the settings before; the pool's row is not locked by commits, of which there are very many.
    await commitsEnded(this.database, this.clock)
    return changed
  }
}

async function insert(transaction: Transaction, pool: StoredPool): Promise<void> {
  const { name, settings, roles, modifiedAt } = changingColumnsOf(pool)
  const syncSettings = syncSettingsToJson(NO_SYNC_SETTINGS)
  await transaction.run(INSERT, [pool.pool, name, settings, roles, syncSettings, pool.createdAt, modifiedAt])
}

const BY_NAME = prepared(
  `SELECT ${POOL_COLUMNS} FROM identity_pool WHERE name = $1 ORDER BY created_at, pool_id LIMIT 1`,
)

const LOCK_POOLS = prepared('LOCK TABLE identity_pool IN SHARE ROW EXCLUSIVE MODE')

const LOCK = prepared(`SELECT ${POOL_COLUMNS} FROM identity_pool WHERE pool_id = $1 FOR NO KEY UPDATE`)

const INSERT =
  prepared(`INSERT INTO identity_pool (pool_id, name, settings, roles, sync_settings, created_at, modified_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`)

const UPDATE = prepared(
  'UPDATE identity_pool SET name = $2, settings = $3, roles = $4, modified_at = $5 WHERE pool_id = $1',
)

const LOCK_SYNC_SETTINGS = prepared(
  'SELECT sync_settings AS json FROM identity_pool WHERE pool_id = $1 FOR NO KEY UPDATE',
)

const SET_SYNC_SETTINGS = prepared('UPDATE identity_pool SET sync_settings = $2, stream_target = $3 WHERE pool_id = $1')

const DELETE = prepared('DELETE FROM identity_pool WHERE pool_id = $1')

const DOOM = prepared('INSERT INTO doomed_pool (pool_id, doomed_at) VALUES ($1, $2) ON CONFLICT (pool_id) DO NOTHING')
