import { NEVER_SYNCED, type SyncCount } from '@satchel/protocol'
import type { Dataset } from './dataset.js'

/** What a device holds of a dataset: everything up to a count of an epoch; zeros if it holds nothing. */
export type DeviceStanding = Readonly<{ epoch: number; since: SyncCount }>

/** How a device gets from where it stands to where the dataset is. */
export type CatchUp =
  /** It is there. */
  | Readonly<{ kind: 'none' }>
  /** There is no dataset any more; all that the device holds goes. */
  | Readonly<{ kind: 'gone' }>
  /** It takes the whole dataset, and what it holds besides goes. */
  | Readonly<{ kind: 'snapshot' }>
  /** It takes what has a greater count than its own. */
  | Readonly<{ kind: 'delta' }>

/**
 * Decides how a device catches up. A delta is right only for one that has seen everything up to its count in this
 * very epoch: one that holds nothing, comes from another epoch, is ahead of a server that was restored, or is older
 * than the newest deletion or the collected tombstones, gets a snapshot (NA6).
 */
export function catchUpOf(dataset: Dataset, { epoch, since }: DeviceStanding): CatchUp {
  if (epoch === dataset.epoch && since === dataset.syncCount) return { kind: 'none' }
  if (!dataset.exists) return { kind: 'gone' }
  const forgottenUpTo = Math.max(dataset.deletedAt, dataset.collectedThrough)
  const continues =
    epoch === dataset.epoch && since > NEVER_SYNCED && since <= dataset.syncCount && since >= forgottenUpTo
  return { kind: continues ? 'delta' : 'snapshot' }
}
