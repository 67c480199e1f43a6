import type { IdentityPoolId } from '@satchel/protocol'
import type { SyncSettings } from '../domain/sync-settings.js'
import type { PoolStore } from '../store/pool-store.js'

export type { SyncSettings } from '../domain/sync-settings.js'

/** How pools reach other services from the sync store: push, streams, triggers. Kept and answered as set. */
export class PoolConnections {
  constructor(private readonly pools: Pick<PoolStore, 'syncSettings' | 'changeSyncSettings'>) {}

  /** Null when there is no such pool. */
  of(pool: IdentityPoolId): Promise<SyncSettings | null> {
    return this.pools.syncSettings(pool)
  }

  /**
   * Stores what `change` makes of the settings held now, and answers it; null when there is no such pool. Two changes at once, of this node or another, do
   * not undo each other (MV5). `change` may be asked more than once.
   */
  change(pool: IdentityPoolId, change: (held: SyncSettings) => SyncSettings): Promise<SyncSettings | null> {
    return this.pools.changeSyncSettings(pool, change)
  }
}
