import type { IdentityPoolId } from '@satchel/protocol'
import type { EntityManager } from 'typeorm'
import type { StoredPool } from '../../domain/identity-pool.js'
import { NO_SYNC_SETTINGS, type SyncSettings } from '../../domain/sync-settings.js'
import {
  rolesFromJson,
  rolesToJson,
  settingsFromJson,
  settingsToJson,
  syncSettingsFromJson,
  syncSettingsToJson,
} from '../pool-json.js'
import type { PoolStore, PoolUpdate } from '../pool-store.js'
import { IdentityPoolEntity } from './entities/identity-pool.entity.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { MoreThan } from './typeorm.js'

/** Keeps pools in SQLite: writes through the lane, reads through the read-only connection. */
export class SqlitePoolStore implements PoolStore {
  constructor(private readonly database: SqliteDatabase) {}

  async find(pool: IdentityPoolId): Promise<StoredPool | null> {
    // Asked on every call for an identity, so it goes around the query builder.
    const [row] = (await this.database.reads.query(FIND, [pool])) as PoolRow[]
    return row === undefined ? null : poolOf(row)
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
      await manager.update(IdentityPoolEntity, { poolId: pool }, columnsOf(stored))
      return { kind: 'stored', pool: stored }
    })
  }

  async list({ after, limit }: Readonly<{ after: string; limit: number }>): Promise<readonly StoredPool[]> {
    const rows = await this.database.reads.manager.find(IdentityPoolEntity, {
      where: { poolId: MoreThan(after) },
      order: { poolId: 'ASC' },
      take: limit,
    })
    return rows.map(poolOf)
  }

  delete(pool: IdentityPoolId, at: number): Promise<boolean> {
    return this.database.lane.transaction(async (runner) => {
      const { affected } = await runner.manager.delete(IdentityPoolEntity, { poolId: pool })
      if (affected !== 1) return false
      await runner.query('INSERT OR IGNORE INTO doomed_pool (pool_id, doomed_at) VALUES (?, ?)', [pool, at])
      return true
    })
  }

  async syncSettings(pool: IdentityPoolId): Promise<SyncSettings | null> {
    const row = await this.database.reads.manager.findOneBy(IdentityPoolEntity, { poolId: pool })
    return row === null ? null : syncSettingsFromJson(row.syncSettings)
  }

  setSyncSettings(pool: IdentityPoolId, settings: SyncSettings): Promise<boolean> {
    return this.database.lane.transaction(async ({ manager }) => {
      const changed = { syncSettings: syncSettingsToJson(settings) }
      const { affected } = await manager.update(IdentityPoolEntity, { poolId: pool }, changed)
      return affected === 1
    })
  }
}

type PoolRow = Pick<IdentityPoolEntity, 'poolId' | 'settings' | 'roles' | 'createdAt' | 'modifiedAt'>

const FIND = `SELECT pool_id AS poolId, settings, roles, created_at AS createdAt, modified_at AS modifiedAt
  FROM identity_pool WHERE pool_id = ?`

const poolOf = (row: PoolRow): StoredPool => ({
  pool: row.poolId as IdentityPoolId,
  settings: settingsFromJson(row.settings),
  roles: rolesFromJson(row.roles),
  createdAt: row.createdAt,
  modifiedAt: row.modifiedAt,
})

async function insert(manager: EntityManager, pool: StoredPool): Promise<void> {
  await manager.insert(IdentityPoolEntity, {
    ...columnsOf(pool),
    poolId: pool.pool,
    syncSettings: syncSettingsToJson(NO_SYNC_SETTINGS),
    createdAt: pool.createdAt,
  })
}

const columnsOf = ({ settings, roles, modifiedAt }: StoredPool) => ({
  name: settings.name,
  settings: settingsToJson(settings),
  roles: rolesToJson(roles),
  modifiedAt,
})
