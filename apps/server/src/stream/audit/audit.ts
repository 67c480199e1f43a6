import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import { datasetKey } from '../../domain/working-set.js'
import type { StreamedDataset } from '../../store/change-log.js'
import type { AuditedMessage } from './audited-message.js'
import { Chain } from './chain.js'
import { storedDataset, withRow, type KnownDataset } from './known-dataset.js'
import type { PartitionBounds } from './topic-reader.js'
import { judge, type Verdict } from './verdict.js'

/** What is audited; null for all. */
export type AuditScope = Readonly<{ pool: string | null; streamName: string | null }>

export type DatasetVerdict = Verdict & Readonly<{ streamName: string | null; chain: Chain | null; known: KnownDataset }>

export type AuditOptions = AuditScope &
  Readonly<{
    /** Judges as if no message at the beginning of a topic had been removed: all that the change log holds has to be there. */
    wholeTopics: boolean
  }>

/**
 * Compares change streams with the store. First it is told everything the store knows, then everything the topics hold up to an end that was
 * taken after that, then what the store knows by now; then it judges (V71).
 *
 * Holds what is known of each dataset, and nothing of single changes but some hashes: see {@link Chain}.
 */
export class Audit {
  /** By {@link datasetKey}. */
  private readonly known = new Map<string, KnownDataset>()
  /** By stream and {@link datasetKey}. */
  private readonly chains = new Map<string, { streamName: string; chain: Chain; known: KnownDataset }>()
  private readonly partitions = new Map<string, { trimmed: boolean; oldestAt: number }>()

  constructor(private readonly options: AuditOptions) {}

  addStored(dataset: StreamedDataset): void {
    if (this.takesIn(dataset.pool)) this.known.set(datasetKey(dataset), storedDataset(dataset))
  }

  /** A row of the change log, in the order of the log, behind all {@link addStored}. */
  addRow(row: PlacedOutboxRow, waits: boolean): void {
    if (row.type === 'snapshot' || !this.takesIn(row.pool)) return
    const key = datasetKey(row)
    this.known.set(key, withRow(this.known.get(key), row, waits))
  }

  /** Before the first message of the stream. */
  addPartition(streamName: string, { partition, start }: PartitionBounds): void {
    const trimmed = start > 0 && !this.options.wholeTopics
    this.partitions.set(placeKey(streamName, partition), { trimmed, oldestAt: Infinity })
  }

  /** When the first message of a partition was sent. */
  addOldest(streamName: string, partition: number, at: number): void {
    const place = this.partitions.get(placeKey(streamName, partition))
    if (place !== undefined) place.oldestAt = Math.min(place.oldestAt, at)
  }

  addMessage(message: AuditedMessage): void {
    if (!this.takesIn(message.pool)) return
    const { streamName, pool, identity, dataset } = message
    const key = `${streamName}\n${datasetKey(message)}`
    let held = this.chains.get(key)
    if (held === undefined) {
      const trimmed = this.partitions.get(placeKey(streamName, message.partition))?.trimmed ?? false
      const log = this.known.get(datasetKey(message))?.log ?? null
      const chain = new Chain(message.partition, { trimmed, epochs: log?.starts ?? [] })
      held = { streamName, chain, known: { pool, identity, dataset, stored: null, log: null } }
      this.chains.set(key, held)
    }
    held.chain.add(message)
  }

  /** What the store says of a dataset after the topics were read; a live server has written meanwhile. */
  addReached(dataset: StreamedDataset): void {
    const key = datasetKey(dataset)
    const known = this.known.get(key)
    if (!this.takesIn(dataset.pool)) return
    const { stored } = storedDataset(dataset)
    const streamedThrough = known?.stored?.streamedThrough ?? 0 // what was written since need not be in the topic
    if (stored !== null)
      this.known.set(key, { ...storedDataset(dataset), ...known, stored: { ...stored, streamedThrough } })
  }

  *verdicts(): Generator<DatasetVerdict> {
    const seen = new Set<string>()
    for (const { streamName, chain, known: identified } of this.chains.values()) {
      const key = datasetKey(identified)
      const known = this.known.get(key) ?? identified
      // Only the stream that its newest change went to has to reach that change.
      const elsewhere = known.log !== null && known.log.streamName !== streamName
      if (!elsewhere) seen.add(key)
      const judged = elsewhere
        ? { ...known, log: null, stored: known.stored && { ...known.stored, streamedThrough: 0 } }
        : known
      const verdict = judge(chain, judged, this.trimming(known))
      yield { ...verdict, streamName, chain, known }
    }
    for (const [key, known] of this.known) {
      if (seen.has(key) || !this.isInScope(known)) continue
      const streamName = known.log?.streamName ?? null
      yield { ...judge(null, known, this.trimming(known)), streamName, chain: null, known }
    }
  }

  private takesIn(pool: string): boolean {
    return this.options.pool === null || this.options.pool === pool
  }

  /** Of a dataset with nothing in the topic: with one stream chosen, it is in scope only where the log says that it went there. */
  private isInScope({ log }: KnownDataset): boolean {
    const { streamName } = this.options
    return streamName === null || log?.streamName === streamName
  }

  private trimming({ log }: KnownDataset): Readonly<{ oldestAt: number | null }> {
    if (log === null)
      return { oldestAt: [...this.partitions.values()].some(({ trimmed }) => trimmed) ? Infinity : null }
    const place = this.partitions.get(placeKey(log.streamName, log.partition))
    return { oldestAt: place?.trimmed === true ? place.oldestAt : null }
  }
}

const placeKey = (streamName: string, partition: number): string => `${streamName}\n${partition}`
