import { nextSyncCount } from '@satchel/protocol'
import type { Dataset } from './dataset.js'

export type DeleteOutcome =
  Readonly<{ kind: 'deleted'; dataset: Dataset; before: Dataset }> | Readonly<{ kind: 'missing' }>

/**
 * Deletes a dataset: a change like any other, which takes the next count (D1). What remains is its count,
 * so that a dataset created anew under the name goes on from there (D2).
 */
export function deleteDataset(dataset: Dataset, { at, by }: Readonly<{ at: number; by: string }>): DeleteOutcome {
  if (!dataset.exists) return { kind: 'missing' }
  const syncCount = nextSyncCount(dataset.syncCount)
  return {
    kind: 'deleted',
    before: dataset,
    dataset: {
      ...dataset,
      exists: false,
      syncCount,
      deletedAt: syncCount,
      modifiedAt: at,
      modifiedBy: by,
      recordCount: 0,
      bytes: 0,
    },
  }
}
