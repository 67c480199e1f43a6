import type { DatasetName, IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { DatasetVerdict } from './audit.js'
import { placeKey } from './known-dataset.js'
import { LogReach, type Reach } from './log-reach.js'
import type { PartitionBounds } from './topic-reader.js'
import type { Fault } from './verdict.js'

/** Datasets at fault that a result names; more are only counted. */
export const FINDINGS_MAX = 1_000

/** What was found of one stream. */
export type StreamFinding = Readonly<{
  streamName: string
  /** False where there is no topic of that name. */
  found: boolean
  messages: number
  /** Messages that are none of a change stream. */
  foreign: number
  /** Partitions whose beginning was removed. */
  trimmed: readonly number[]
}>

/** A dataset at fault. */
export type Finding = Readonly<{
  streamName: string
  pool: IdentityPoolId
  identity: IdentityId
  dataset: DatasetName
  faults: readonly Fault[]
  /** How far what is missing or inverted can be published again; null where nothing is. */
  reach: Reach | null
}>

/** How many datasets, changes, or messages. */
export type AuditCounts = Readonly<{
  datasets: number
  changes: number
  repeated: number
  uncompared: number
  snapshots: number
  skipped: number
  healed: number
  waiting: number
  unjudged: number
  gone: number
  faulty: number
}>

export type AuditResult = Readonly<{
  startedAt: number
  endedAt: number
  streams: readonly StreamFinding[]
  counts: AuditCounts
  /** At most {@link FINDINGS_MAX}. */
  findings: readonly Finding[]
  /** Of every dataset that lacks changes, by `placeKey`: what the change log has of them. */
  lacking: ReadonlyMap<string, LogReach>
}>

/** Gathers what an audit comes to. */
export class Findings {
  /** Datasets that lack changes. */
  readonly lacking = new Map<string, LogReach>()
  private readonly streams = new Map<string, { -readonly [K in keyof StreamFinding]: StreamFinding[K] }>()
  private readonly findings: Omit<Finding, 'reach'>[] = []
  private readonly counts = {
    datasets: 0,
    changes: 0,
    repeated: 0,
    uncompared: 0,
    snapshots: 0,
    skipped: 0,
    healed: 0,
    waiting: 0,
    unjudged: 0,
    gone: 0,
    faulty: 0,
  }

  constructor(private readonly startedAt: number) {}

  addStream(streamName: string, bounds: readonly PartitionBounds[] | null): void {
    this.streams.set(streamName, {
      streamName,
      found: bounds !== null,
      messages: bounds?.reduce((sum, { start, end }) => sum + end - start, 0) ?? 0,
      foreign: 0,
      trimmed: bounds?.filter(({ start }) => start > 0).map(({ partition }) => partition) ?? [],
    })
  }

  addForeign(streamName: string): void {
    const stream = this.streams.get(streamName)
    if (stream !== undefined) stream.foreign += 1
  }

  add({ chain, known, faults, waiting, unjudged, gone }: DatasetVerdict): void {
    const { counts } = this
    counts.datasets += 1
    counts.changes += chain?.taken ?? 0
    counts.repeated += chain?.repeated ?? 0
    counts.uncompared += chain?.uncompared ?? 0
    counts.snapshots += chain?.snapshots ?? 0
    counts.skipped += chain?.skipped ?? 0
    counts.healed += chain?.healed ?? 0
    if (waiting) counts.waiting += 1
    if (unjudged) counts.unjudged += 1
    if (gone) counts.gone += 1
    if (faults.length === 0) return
    counts.faulty += 1
    const { streamName, pool, identity, dataset } = known
    if (this.findings.length < FINDINGS_MAX) this.findings.push({ streamName, pool, identity, dataset, faults })
    for (const fault of faults) {
      if (fault.kind !== 'missing' && fault.kind !== 'inverted') continue
      this.lacking.set(placeKey(known), new LogReach(fault.after, fault.through))
    }
  }

  /** A row of the change log, in the order of the log, once all verdicts are in. */
  addRow(row: PlacedOutboxRow): void {
    const reach = this.lacking.get(placeKey(row))
    if (reach?.covers(row) === true) reach.add(row)
  }

  result(endedAt: number): AuditResult {
    return {
      startedAt: this.startedAt,
      endedAt,
      streams: [...this.streams.values()],
      counts: { ...this.counts },
      findings: this.findings.map((finding) => ({
        ...finding,
        reach: this.lacking.get(placeKey(finding))?.end() ?? null,
      })),
      lacking: this.lacking,
    }
  }
}
