import { byCodePoint, type IdentityPoolId } from '@satchel/protocol'
import type { StoredPool } from '../../domain/identity-pool.js'
import { NO_SYNC_SETTINGS, streamTargetOf, type SyncSettings } from '../../domain/sync-settings.js'
import {
  rolesFromJson,
  rolesToJson,
  settingsFromJson,
  settingsToJson,
  syncSettingsFromJson,
  syncSettingsToJson,
} from '../pool-json.js'
import type { PoolStore, PoolUpdate, StreamingPool } from '../pool-store.js'
import type { MemoryDatabase, MemoryPool } from './memory-database.js'

/** Keeps pools in memory. */
export class MemoryPoolStore implements PoolStore {
  constructor(private readonly database: MemoryDatabase) {}

  find(pool: IdentityPoolId): Promise<StoredPool | null> {
    const row = this.database.pools.get(pool)
    return Promise.resolve(row === undefined ? null : poolOf(pool, row))
  }

  create(pool: StoredPool): Promise<void> {
    this.put(pool, { syncSettings: syncSettingsToJson(NO_SYNC_SETTINGS), streamTarget: null })
    return Promise.resolve()
  }

  async findOrCreateByName(draft: StoredPool): Promise<StoredPool> {
    const [oldest] = [...this.database.pools]
      .filter(([, { name }]) => name === draft.settings.name)
      .sort(([a, left], [b, right]) => left.createdAt - right.createdAt || byCodePoint(a, b))
    if (oldest !== undefined) return poolOf(...oldest)
    await this.create(draft)
    return draft
  }

  update(pool: IdentityPoolId, change: (held: StoredPool) => StoredPool | null): Promise<PoolUpdate> {
    const row = this.database.pools.get(pool)
    if (row === undefined) return Promise.resolve({ kind: 'missing' })
    const held = poolOf(pool, row)
    const changed = change(held)
    if (changed === null) return Promise.resolve({ kind: 'declined', pool: held })
    const stored = { ...changed, pool, createdAt: held.createdAt }
    this.put(stored, row)
    return Promise.resolve({ kind: 'stored', pool: stored })
  }

  list({ after, limit }: Readonly<{ after: string; limit: number }>): Promise<readonly StoredPool[]> {
    const listed = [...this.database.pools]
      .filter(([pool]) => byCodePoint(pool, after) > 0)
      .sort(([a], [b]) => byCodePoint(a, b))
      .slice(0, limit)
    return Promise.resolve(listed.map(([pool, row]) => poolOf(pool, row)))
  }

  delete(pool: IdentityPoolId): Promise<boolean> {
    if (!this.database.pools.delete(pool)) return Promise.resolve(false)
    this.database.doomedPools.add(pool)
    return Promise.resolve(true)
  }

  syncSettings(pool: IdentityPoolId): Promise<SyncSettings | null> {
    const row = this.database.pools.get(pool)
    return Promise.resolve(row === undefined ? null : syncSettingsFromJson(row.syncSettings))
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what `change` throws is to reject
  async changeSyncSettings(
    pool: IdentityPoolId,
    change: (held: SyncSettings) => SyncSettings,
  ): Promise<SyncSettings | null> {
    const row = this.database.pools.get(pool)
    if (row === undefined) return null
    const changed = change(syncSettingsFromJson(row.syncSettings))
    row.syncSettings = syncSettingsToJson(changed)
    row.streamTarget = streamTargetOf(changed)
    return changed
  }

  streaming(): Promise<readonly StreamingPool[]> {
    const streaming = [...this.database.pools].flatMap(([pool, { streamTarget }]) =>
      streamTarget === null ? [] : [{ pool, streamName: streamTarget.streamName }],
    )
    return Promise.resolve(streaming.sort((a, b) => byCodePoint(a.pool, b.pool)))
  }

  private put(
    { pool, settings, roles, createdAt, modifiedAt }: StoredPool,
    { syncSettings, streamTarget }: Pick<MemoryPool, 'syncSettings' | 'streamTarget'>,
  ): void {
    this.database.pools.set(pool, {
      name: settings.name,
      settings: settingsToJson(settings),
      roles: rolesToJson(roles),
      syncSettings,
      streamTarget,
      createdAt,
      modifiedAt,
    })
  }
}

const poolOf = (pool: IdentityPoolId, row: MemoryPool): StoredPool => ({
  pool,
  settings: settingsFromJson(row.settings),
  roles: rolesFromJson(row.roles),
  createdAt: row.createdAt,
  modifiedAt: row.modifiedAt,
})
