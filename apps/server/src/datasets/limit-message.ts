import type { ExceededLimit } from '../domain/usage.js'

const wordsOfLimit: Readonly<Record<ExceededLimit['limit'], readonly [what: string, unit: string]>> = {
  recordsPerDatasetMax: ['The dataset', 'records'],
  bytesPerDatasetMax: ['The dataset', 'bytes'],
  datasetsPerIdentityMax: ['The identity', 'datasets'],
  bytesPerIdentityMax: ['The identity', 'bytes'],
}

/** A limit that a batch would break, as both faces say it: what there would be, and what there may be (F10). */
export function limitMessage({ limit, would, max }: ExceededLimit): string {
  const [what, unit] = wordsOfLimit[limit]
  return `${what} would hold ${would} ${unit}; the limit (${limit}) is ${max}`
}
