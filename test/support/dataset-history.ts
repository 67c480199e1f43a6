import type { Listing, Patch } from './wire-client.js'

/** What the server is known to have done to a dataset, at one count. */
export type Step = Readonly<{ kind: 'update'; patches: readonly Patch[] }> | Readonly<{ kind: 'delete' }>

export type HistoryLimits = Readonly<{ records: number; bytes: number }>

export const AWS_HISTORY_LIMITS: HistoryLimits = { records: 1_024, bytes: 1_048_576 }

type Held = Readonly<{ value: string | null; count: number }>

export type Replayed = Readonly<{
  exists: boolean
  syncCount: number
  records: ReadonlyMap<string, Held>
  liveRecords: number
  bytes: number
}>

/**
 * All acknowledged changes of one dataset, by their counts, and the proof that they make sense together: counts
 * without a gap, none used twice, every patch made against what was there, no limit passed at any count.
 */
export class DatasetHistory {
  private readonly steps = new Map<number, Step>()

  /** Takes in an update that was answered with a count; throws when something else was answered with it before. */
  accepted(count: number, patches: readonly Patch[]): void {
    this.take(count, { kind: 'update', patches })
  }

  deleted(count: number): void {
    this.take(count, { kind: 'delete' })
  }

  /** What was done at a count; undefined where nobody was told of anything. */
  at(count: number): Step | undefined {
    return this.steps.get(count)
  }

  get lastCount(): number {
    return Math.max(0, ...this.steps.keys())
  }

  /** Goes through all changes in order; throws at the first that could not have been accepted. */
  replay(limits: HistoryLimits = AWS_HISTORY_LIMITS): Replayed {
    let exists = false
    let records = new Map<string, Held>()
    let sizes = { liveRecords: 0, bytes: 0 }
    for (let count = 1; count <= this.lastCount; count++) {
      const step = this.steps.get(count)
      if (step === undefined) throw new Error(`count ${count} of ${this.lastCount} was never answered to anybody`)
      if (step.kind === 'delete') {
        if (!exists) throw new Error(`the deletion at count ${count} met no dataset`)
        exists = false
        records = new Map()
      } else {
        exists = true
        for (const patch of step.patches) apply(records, patch, count)
      }
      sizes = sizesOf(records)
      if (sizes.liveRecords > limits.records) throw new Error(`${sizes.liveRecords} live records at count ${count}`)
      if (sizes.bytes > limits.bytes) throw new Error(`${sizes.bytes} bytes at count ${count}`)
    }
    return { exists, syncCount: exists ? this.lastCount : 0, records, ...sizes }
  }

  private take(count: number, step: Step): void {
    const held = this.steps.get(count)
    if (held !== undefined && JSON.stringify(held) !== JSON.stringify(step)) {
      throw new Error(`count ${count} was answered to two different changes`)
    }
    this.steps.set(count, step)
  }
}

/** How a listing from count 0 differs from what the history leads to; empty when it does not. */
export function differences(replayed: Replayed, listing: Listing): readonly string[] {
  const listed = new Map(
    listing.Records.map(({ Key, Value, SyncCount }) => [Key, { value: Value ?? null, count: SyncCount }]),
  )
  const faults: string[] = []
  if (listing.DatasetExists !== replayed.exists) faults.push(`exists: ${listing.DatasetExists}, not ${replayed.exists}`)
  if (listing.DatasetSyncCount !== replayed.syncCount) {
    faults.push(`count: ${listing.DatasetSyncCount}, not ${replayed.syncCount}`)
  }
  for (const [key, held] of replayed.records) {
    const found = listed.get(key)
    if (found === undefined) faults.push(`record ${key} at count ${held.count} is lost`)
    else if (found.value !== held.value || found.count !== held.count) {
      faults.push(`record ${key} is ${JSON.stringify(found)}, not ${JSON.stringify(held)}`)
    }
  }
  for (const key of listed.keys()) if (!replayed.records.has(key)) faults.push(`record ${key} was written by nobody`)
  return faults
}

function apply(records: Map<string, Held>, patch: Patch, count: number): void {
  const base = records.get(patch.Key)?.count ?? 0
  if (base !== patch.SyncCount) {
    throw new Error(
      `record ${patch.Key} was at ${base} when the update at count ${count} took it for ${patch.SyncCount}`,
    )
  }
  records.set(patch.Key, { value: patch.Op === 'remove' ? null : (patch.Value ?? ''), count })
}

function sizesOf(records: ReadonlyMap<string, Held>): { liveRecords: number; bytes: number } {
  let liveRecords = 0
  let bytes = 0
  for (const [key, { value }] of records) {
    if (value === null) continue
    liveRecords++
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  return { liveRecords, bytes }
}
