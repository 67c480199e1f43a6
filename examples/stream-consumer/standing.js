/**
 * The rule of the change stream: where a change stands for a reader whose last one of that dataset was `last` (null for none).
 * 'next' is to be taken, 'repeated' was taken before, and before 'ahead' something is missing.
 */
export function standing(last, change) {
  if (last !== null && compare(change, last) <= 0) return 'repeated'
  const previous = { epoch: change.previousEpoch, syncCount: change.previous }
  return compare(previous, last ?? { epoch: 0, syncCount: 0 }) <= 0 ? 'next' : 'ahead'
}

const compare = (a, b) => a.epoch - b.epoch || a.syncCount - b.syncCount
