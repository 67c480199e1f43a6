import { byteSize, type Limits } from '@satchel/protocol'
import type { Commit, LogEntry, Violation } from '../history.js'

export type ReplayedRecord = Readonly<{ value: string | null; count: number }>

export type ReplayedDataset = {
  count: number
  epoch: number
  exists: boolean
  records: Map<string, ReplayedRecord>
}

const where = (commit: Pick<Commit, 'identity' | 'dataset' | 'count'>): string =>
  `${commit.dataset} of ${commit.identity.slice(-4)} at ${commit.count}`

/**
 * Goes through the server's log in its order and says what could not have been: a count left out or used twice (I6), a
 * patch made against another count than its key had (I5), a batch or a value written twice (I4), a limit passed (I14).
 */
export function checkLog(
  entries: readonly LogEntry[],
  limits: Limits,
  isOnceOnly: (value: string) => boolean = () => false,
): Readonly<{ violations: readonly Violation[]; datasets: ReadonlyMap<string, ReplayedDataset> }> {
  const violations: Violation[] = []
  const datasets = new Map<string, ReplayedDataset>()
  const batches = new Set<string>()
  const values = new Map<string, string>()
  const found = (checker: string, message: string) => void violations.push({ checker, message })

  for (const entry of entries) {
    const path = `${entry.identity}\n${entry.dataset}`
    const dataset = datasets.get(path) ?? { count: 0, epoch: 0, exists: false, records: new Map() }
    datasets.set(path, dataset)
    if (entry.kind === 'collected') {
      for (const key of entry.keys) {
        if (dataset.records.get(key)?.value !== null)
          found('collected', `a live record was collected in ${entry.dataset}`)
        dataset.records.delete(key)
      }
      continue
    }
    if (entry.count !== dataset.count + 1) found('counts', `${where(entry)} follows ${dataset.count}`)
    if (entry.epoch < dataset.epoch) found('counts', `${where(entry)}: epoch ${entry.epoch} after ${dataset.epoch}`)
    dataset.count = entry.count
    dataset.epoch = entry.epoch
    if (entry.kind === 'delete') {
      dataset.exists = false
      dataset.records.clear()
      continue
    }
    dataset.exists = true
    const batch = `${path}\n${entry.batch}`
    if (batches.has(batch) && entry.batch !== null) found('once', `${where(entry)}: the same batch was applied before`)
    batches.add(batch)
    const keys = new Set<string>()
    for (const patch of entry.patches) {
      const base = dataset.records.get(patch.key)?.count ?? 0
      if (keys.has(patch.key)) found('atomic', `${where(entry)}: ${patch.key} twice in one batch`)
      keys.add(patch.key)
      if (patch.base !== base) {
        found('bases', `${where(entry)}: ${patch.key} was at ${base} and was written against ${patch.base}`)
      }
      const value = patch.op === 'replace' ? patch.value : null
      dataset.records.set(patch.key, { value, count: entry.count })
      if (value === null || !isOnceOnly(value)) continue
      const before = values.get(`${path}\n${value}`)
      if (before !== undefined) found('once', `${where(entry)}: ${value} was written before, ${before}`)
      values.set(`${path}\n${value}`, where(entry))
    }
    checkLimits(entry, datasets, limits, found)
  }
  return { violations, datasets }
}

function checkLimits(
  { identity, dataset: name, count }: Commit,
  datasets: ReadonlyMap<string, ReplayedDataset>,
  limits: Limits,
  found: (checker: string, message: string) => void,
): void {
  let identityBytes = 0
  let existing = 0
  for (const [path, dataset] of datasets) {
    if (!path.startsWith(`${identity}\n`) || !dataset.exists) continue
    const { records, bytes } = usageOf(dataset)
    existing++
    identityBytes += bytes
    if (path !== `${identity}\n${name}`) continue
    if (records > limits.recordsPerDatasetMax) found('limits', `${name} holds ${records} records at ${count}`)
    if (bytes > limits.bytesPerDatasetMax) found('limits', `${name} holds ${bytes} bytes at ${count}`)
  }
  if (existing > limits.datasetsPerIdentityMax) found('limits', `${existing} datasets at ${name} ${count}`)
  if (identityBytes > limits.bytesPerIdentityMax) found('limits', `${identityBytes} bytes at ${name} ${count}`)
}

export function usageOf({ records }: Pick<ReplayedDataset, 'records'>): Readonly<{ records: number; bytes: number }> {
  let live = 0
  let bytes = 0
  for (const [key, { value }] of records) {
    if (value === null) continue
    live++
    bytes += byteSize(key) + byteSize(value)
  }
  return { records: live, bytes }
}
