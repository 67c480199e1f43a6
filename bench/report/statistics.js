/** The middle value; of an even number of values the mean of the middle two. */
export function median(values) {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The smallest value that at least the share `p` of all values does not exceed. */
export function percentile(values, p) {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)]
}

/** Median with smallest and largest: what a figure says of its rounds. */
export const spread = (values) => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) })
