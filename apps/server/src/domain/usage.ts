import type { Limits } from '@satchel/protocol'
import type { Dataset } from './dataset.js'

/** What a set of datasets holds; only existing datasets count, tombstones never (SPEC L5). */
export type Usage = Readonly<{ datasets: number; records: number; bytes: number }>

export const NO_USAGE: Usage = { datasets: 0, records: 0, bytes: 0 }

export const usageOf = (dataset: Dataset): Usage =>
  dataset.exists ? { datasets: 1, records: dataset.recordCount, bytes: dataset.bytes } : NO_USAGE

export const sumUsage = (a: Usage, b: Usage): Usage => ({
  datasets: a.datasets + b.datasets,
  records: a.records + b.records,
  bytes: a.bytes + b.bytes,
})

export const subtractUsage = (a: Usage, b: Usage): Usage => ({
  datasets: a.datasets - b.datasets,
  records: a.records - b.records,
  bytes: a.bytes - b.bytes,
})

export type ExceededLimit = Readonly<{ limit: keyof Limits; would: number; max: number }>

/**
 * The limit that a write would break, or null. Judged on the outcome of the whole batch (L6), and only where
 * the write makes things worse: one that shrinks what is over a limit passes (L7).
 */
export function exceededLimit(
  change: Readonly<{ before: Dataset; after: Dataset; elsewhere: Usage; limits: Limits }>,
): ExceededLimit | null {
  const { elsewhere, limits } = change
  const before = usageOf(change.before)
  const after = usageOf(change.after)
  const checks: readonly (ExceededLimit & { grew: boolean })[] = [
    check('recordsPerDatasetMax', before.records, after.records, limits),
    check('bytesPerDatasetMax', before.bytes, after.bytes, limits),
    check('datasetsPerIdentityMax', elsewhere.datasets + before.datasets, elsewhere.datasets + after.datasets, limits),
    check('bytesPerIdentityMax', elsewhere.bytes + before.bytes, elsewhere.bytes + after.bytes, limits),
  ]
  const exceeded = checks.find(({ grew, would, max }) => grew && would > max)
  return exceeded === undefined ? null : { limit: exceeded.limit, would: exceeded.would, max: exceeded.max }
}

const check = (limit: keyof Limits, before: number, would: number, limits: Limits) => ({
  limit,
  would,
  max: limits[limit],
  grew: would > before,
})
