import type { IdentityPoolId } from '@satchel/protocol'
import type { StoredPool } from '../domain/identity-pool.js'
import type { SyncSettings } from '../domain/sync-settings.js'

export type { StoredPool } from '../domain/identity-pool.js'
export type { SyncSettings } from '../domain/sync-settings.js'

export type PoolUpdate =
  | Readonly<{ kind: 'stored'; pool: StoredPool }>
  /** The change declined what it was shown. */
  | Readonly<{ kind: 'declined'; pool: StoredPool }>
  | Readonly<{ kind: 'missing' }>

export type StreamingPool = Readonly<{
  pool: IdentityPoolId
  /** Without the server's prefix. */
  streamName: string
}>

/** Keeps identity pools. Every adapter runs the suite in `pool-store.contract.ts`; reads show committed data only. */
export interface PoolStore {
  find(pool: IdentityPoolId): Promise<StoredPool | null>

  create(pool: StoredPool): Promise<void>

  /** The oldest pool of the draft's exact name, or the draft, stored; two callers at once get one pool. */
  findOrCreateByName(draft: StoredPool): Promise<StoredPool>

  /**
   * Shows the pool as held to a pure `change` and stores what it answers, in one transaction; null stores
   * nothing. What `change` answers for the id and the time of creation is ignored.
   */
  update(pool: IdentityPoolId, change: (held: StoredPool) => StoredPool | null): Promise<PoolUpdate>

  /** Pools after an id, by code point of their ids. */
  list(page: Readonly<{ after: string; limit: number }>): Promise<readonly StoredPool[]>

  /** Removes the pool and leaves word that its identities are to go; false when there was none. */
  delete(pool: IdentityPoolId, at: number): Promise<boolean>

  /** Null when there is no such pool. */
  syncSettings(pool: IdentityPoolId): Promise<SyncSettings | null>

  /**
   * Shows the settings as held to a pure `change` and stores what it answers, in one transaction: of changes at once, whichever nodes make them, each sees what the
   * ones before it stored. Answers what is stored; null when there is no such pool. What `change` throws is thrown, and nothing stored; it
   * may be shown settings more than once. Writes that are committed after it go where the settings say, those before it do not.
   */
  changeSyncSettings(pool: IdentityPoolId, change: (held: SyncSettings) => SyncSettings): Promise<SyncSettings | null>

  /** The pools whose stream is enabled, by id. */
  streaming(): Promise<readonly StreamingPool[]>
}
