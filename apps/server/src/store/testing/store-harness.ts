import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { DatasetStore } from '../dataset-store.js'

/** A dataset store under test, and the few things around it that a suite needs. */
export interface StoreHarness {
  readonly store: DatasetStore
  addPool(pool: IdentityPoolId): Promise<void>
  addIdentity(identity: IdentityId, pool: IdentityPoolId): Promise<void>
  disable(identity: IdentityId): Promise<void>
  /** As deleting an identity leaves it: its row gone, its data waiting to be purged. */
  doomIdentity(identity: IdentityId, pool: IdentityPoolId): Promise<void>
  doomPool(pool: IdentityPoolId): Promise<void>
  /** Opens the store again, as after a restart; memory keeps what it has. */
  reopen(): Promise<StoreHarness>
  close(): Promise<void>
}
