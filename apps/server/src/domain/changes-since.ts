import { NEVER_SYNCED, type SyncCount } from '@satchel/protocol'
import type { Dataset } from './dataset.js'

/** What a reader at some count is told of a dataset before its records. */
export type Standing =
  | Readonly<{
      kind: 'listed'
      exists: boolean
      /** 0 for a dataset that does not exist, whatever count its deletion left behind (D4). */
      syncCount: SyncCount
      deletedSince: boolean
    }>
  | Readonly<{ kind: 'no-such-count'; since: SyncCount }>

/**
 * Where a reader stands who last saw `since`. It is told of a deletion exactly when it saw something before
 * it (D5), before and after a recreation; a reader older than the collected tombstones is told the
 * same, since nothing else makes it start over (B3). A count above the dataset's is refused (R3).
 */
export function standingOf(dataset: Dataset, since: SyncCount): Standing {
  if (since > dataset.syncCount) return { kind: 'no-such-count', since }
  const forgottenUpTo = Math.max(dataset.deletedAt, dataset.collectedThrough)
  return {
    kind: 'listed',
    exists: dataset.exists,
    syncCount: dataset.exists ? dataset.syncCount : NEVER_SYNCED,
    deletedSince: since > NEVER_SYNCED && since < forgottenUpTo,
  }
}
