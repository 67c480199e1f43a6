import type { Limits } from '@satchel/protocol'
import { applyPatches } from './apply-patches.js'
import type { BatchMarker } from './batch-marker.js'
import type { DatasetWrite, WriteOutcome } from './dataset-write.js'
import { deleteDataset } from './delete-dataset.js'
import { patched } from './held-record.js'
import type { WorkingSet } from './working-set.js'

/** Judges one write after the other against a working set and takes the accepted ones into it. */
export type Judge = (write: DatasetWrite, working: WorkingSet) => WriteOutcome

/**
 * The judge of every commit. A refused write does not touch its neighbours in the group (W2), and spends
 * nothing (S5).
 */
export const judgeWithin =
  (limits: Limits): Judge =>
  (write, working) => {
    if (!working.isActive(write.path)) return { kind: 'no-identity' }
    return write.kind === 'delete' ? judgeDelete(write, working) : judgeUpdate(write, working, limits)
  }

function judgeUpdate(write: DatasetWrite & { kind: 'update' }, working: WorkingSet, limits: Limits): WriteOutcome {
  const { path, batch, origin, at, by } = write
  const last = working.marker(origin.id)
  if (last !== undefined && origin.number <= last.number) return judgeKnown(write, last, working)
  const outcome = applyPatches({
    dataset: working.dataset(path),
    held: working.held(path),
    batch,
    elsewhere: working.usageElsewhere(path),
    limits,
    at,
    by,
  })
  if (outcome.kind === 'accepted') {
    const marker = { ...origin, syncCount: outcome.dataset.syncCount, at, by }
    return { ...outcome, dataset: working.accept(path, { ...outcome, marker }) }
  }
  return outcome
}

/** A batch of a session that was spent, or of a number that its device has come to (S4, NA1, NA2). */
function judgeKnown(write: DatasetWrite & { kind: 'update' }, last: BatchMarker, working: WorkingSet): WriteOutcome {
  const { path, batch, origin, device } = write
  if (origin.number === last.number && origin.hash === last.hash) {
    // The answer is a function of the batch and of what it was given then, so it need not be stored.
    const written = batch.map((patch) => patched(patch, last))
    const { syncCount, at, by } = last
    return { kind: 'repeated', dataset: working.dataset(path), written, syncCount, at, by }
  }
  return device === null ? { kind: 'session-spent' } : { kind: 'number-used', last: last.number }
}

function judgeDelete({ path, at, by }: DatasetWrite, working: WorkingSet): WriteOutcome {
  const outcome = deleteDataset(working.dataset(path), { at, by })
  return outcome.kind === 'deleted' ? { ...outcome, dataset: working.clear(path, outcome.dataset) } : outcome
}
