import type { IdentityPoolId } from '@satchel/protocol'
import type { EntityManager } from 'typeorm'
import type { StoredPool } from '../../domain/identity-pool.js'
import { NO_SYNC_SETTINGS, type SyncSettings } from '../../domain/sync-settings.js'
import { streamTargetToJson, syncSettingsFromJson, syncSettingsToJson } from '../pool-json.js'
import type { PoolStore, PoolUpdate } from '../pool-store.js'
import { IdentityPoolEntity } from './entities/identity-pool.entity.js'
import { changingColumnsOf, poolOf } from './pool-row.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { SqlitePoolReads } from './sqlite-pool-reads.js'

/** Keeps pools in SQLite: writes through the lane, reads through the read-only connection. */
export class SqlitePoolStore extends SqlitePoolReads implements PoolStore {
  constructor(private readonly database: Pick<SqliteDatabase, 'lane' | 'reads'>) {
    super(database.reads)
  }

  create(pool: StoredPool): Promise<void> {
    return this.database.lane.transaction(({ manager }) => insert(manager, pool))
  }

  findOrCreateByName(draft: StoredPool): Promise<StoredPool> {
    return this.database.lane.transaction(async ({ manager }) => {
      const [oldest] = await manager.find(IdentityPoolEntity, {
        where: { name: draft.settings.name },
        order: { createdAt: 'ASC', poolId: 'ASC' },
        take: 1,
      })
      if (oldest !== undefined) return poolOf(oldest)
      await insert(manager, draft)
      return draft
    })
  }

  update(pool: IdentityPoolId, change: (held: StoredPool) => StoredPool | null): Promise<PoolUpdate> {
    return this.database.lane.transaction(async ({ manager }): Promise<PoolUpdate> => {
      const row = await manager.findOneBy(IdentityPoolEntity, { poolId: pool })
      if (row === null) return { kind: 'missing' }
      const held = poolOf(row)
      const changed = change(held)
      if (changed === null) return { kind: 'declined', pool: held }
      const stored = { ...changed, pool, createdAt: held.createdAt }
      await manager.update(IdentityPoolEntity, { poolId: pool }, changingColumnsOf(stored))
      return { kind: 'stored', pool: stored }
    })
  }

  delete(pool: IdentityPoolId, at: number): Promise<boolean> {
    return this.database.lane.transaction(async (runner) => {
      const { affected } = await runner.manager.delete(IdentityPoolEntity, { poolId: pool })
      if (affected !== 1) return false
      await runner.query('INSERT OR IGNORE INTO doomed_pool (pool_id, doomed_at) VALUES (?, ?)', [pool, at])
      return true
    })
  }

  changeSyncSettings(pool: IdentityPoolId, change: (held: SyncSettings) => SyncSettings): Promise<SyncSettings | null> {
    return this.database.lane.transaction(async ({ manager }) => {
      const row = await manager.findOneBy(IdentityPoolEntity, { poolId: pool })
      if (row === null) return null
      const changed = change(syncSettingsFromJson(row.syncSettings))
      const columns = { syncSettings: syncSettingsToJson(changed), streamTarget: streamTargetToJson(changed) }
      await manager.update(IdentityPoolEntity, { poolId: pool }, columns)
      return changed
    })
  }
}

async function insert(manager: EntityManager, pool: StoredPool): Promise<void> {
  await manager.insert(IdentityPoolEntity, {
    ...changingColumnsOf(pool),
    poolId: pool.pool,
    syncSettings: syncSettingsToJson(NO_SYNC_SETTINGS),
    createdAt: pool.createdAt,
  })
}
