import type { IdentityPoolId } from '@satchel/protocol'
import type { SyncSettings } from '../domain/sync-settings.js'
import type { PoolStore } from '../store/pool-store.js'

export type { SyncSettings } from '../domain/sync-settings.js'

/** How pools reach other services from the sync store: push, streams, triggers. Kept and answered as set. */
export class PoolConnections {
  /** The newest change of each pool that is under way. */
  private readonly underway = new Map<IdentityPoolId, Promise<unknown>>()

  constructor(private readonly pools: Pick<PoolStore, 'syncSettings' | 'setSyncSettings'>) {}

  /** Null when there is no such pool. */
  of(pool: IdentityPoolId): Promise<SyncSettings | null> {
    return this.pools.syncSettings(pool)
  }

  /**
   * Stores what `change` makes of the settings held now, and answers it; null when there is no such pool. Changes of
   * one pool take turns, so that two at once do not undo each other.
   */
  change(pool: IdentityPoolId, change: (held: SyncSettings) => SyncSettings): Promise<SyncSettings | null> {
    const turn = (this.underway.get(pool) ?? Promise.resolve()).then(() => this.store(pool, change))
    const settled = turn
      .catch(() => undefined)
      .finally(() => {
        if (this.underway.get(pool) === settled) this.underway.delete(pool)
      })
    this.underway.set(pool, settled)
    return turn
  }

  private async store(
    pool: IdentityPoolId,
    change: (held: SyncSettings) => SyncSettings,
  ): Promise<SyncSettings | null> {
    const held = await this.pools.syncSettings(pool)
    if (held === null) return null
    const changed = change(held)
    return (await this.pools.setSyncSettings(pool, changed)) ? changed : null
  }
}
