import { NEVER_SYNCED } from '@satchel/protocol'
import type { Dataset } from './dataset.js'
import type { StreamChange } from './stream-change.js'
import type { StreamTarget } from './stream-target.js'

/**
 * The dataset's newest change in the stream that goes to this target, which its next one names as the one before (V2). None where the stream went to another topic
 * then: there are no earlier links of the chain in this one.
 */
export const streamedBefore = (
  { streamedEpoch, streamedThrough, streamBegun }: Dataset,
  { begun }: StreamTarget,
): Pick<StreamChange, 'previousEpoch' | 'previous'> =>
  streamBegun === begun
    ? { previousEpoch: streamedEpoch, previous: streamedThrough }
    : { previousEpoch: 0, previous: NEVER_SYNCED }
