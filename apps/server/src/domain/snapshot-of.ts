import type { Dataset } from './dataset.js'
import type { StreamChange } from './stream-change.js'
import { streamedBefore } from './streamed-before.js'

/** All of a dataset as it is, for its pool's stream (V15); `records` are its live ones. */
export function snapshotOf(
  dataset: Dataset,
  told: Pick<StreamChange, 'path' | 'target' | 'at' | 'records'>,
): StreamChange {
  const { epoch, syncCount } = dataset
  return { kind: 'snapshot', operation: 'replace', epoch, syncCount, ...streamedBefore(dataset, told.target), ...told }
}
