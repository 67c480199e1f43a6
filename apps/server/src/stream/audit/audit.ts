import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { StreamPosition } from '../../domain/stream-standing.js'
import type { StreamTarget } from '../../domain/stream-target.js'
import { datasetKey } from '../../domain/working-set.js'
import type { StreamedDataset } from '../../store/change-log.js'
import type { AuditedMessage } from './audited-message.js'
import { Chain } from './chain.js'
import { placeKey, withRow, type KnownDataset, type LoggedChanges, type StreamPlace } from './known-dataset.js'
import type { PartitionBounds } from './topic-reader.js'
import { judge, type Trimming, type Verdict } from './verdict.js'

/** What is audited; null for all. */
export type AuditScope = Readonly<{ pool: string | null; streamName: string | null }>

export type DatasetVerdict = Verdict & Readonly<{ chain: Chain | null; known: KnownDataset }>

export type AuditOptions = AuditScope &
  Readonly<{
    /** Judges as if no message at the beginning of a topic had been removed: all that the change log holds has to be there. */
    wholeTopics: boolean
  }>

type Audited = {
  readonly place: StreamPlace
  streamed: StreamPosition | null
  log: LoggedChanges | null
  chain: Chain | null
}

/**
 * Compares change streams with the store. First it is told everything the store knows, then everything the topics hold up to an end that was
 * taken after that, then what the store knows by now; then it judges (V71). A dataset that went to two streams is judged in each.
 *
 * Holds what is known of each dataset, and nothing of single changes but some hashes: see {@link Chain}.
 */
export class Audit {
  /** How far each dataset is, by {@link datasetKey}. */
  private readonly reached = new Map<string, StreamPosition>()
  /** By {@link placeKey}. */
  private readonly audited = new Map<string, Audited>()
  private readonly partitions = new Map<string, Map<number, { trimmed: boolean; oldestAt: number }>>()
  private readonly streams = new Set<string>()

  constructor(private readonly options: AuditOptions) {}

  /** Streams in scope that the store says something went to. */
  get streamNames(): ReadonlySet<string> {
    return this.streams
  }

  /**
   * `target`: where the stream of its pool goes now, or went when it was switched off; null for nowhere. What the dataset remembers of its changes counts for that
   * one alone, and only where they went there.
   */
  addStored(dataset: StreamedDataset, target: StreamTarget | null): void {
    this.addReached(dataset)
    if (target === null || dataset.streamBegun !== target.begun) return
    const place = { ...dataset, streamName: target.streamName }
    if (this.takesIn(place))
      this.at(place).streamed = { epoch: dataset.streamedEpoch, syncCount: dataset.streamedThrough }
  }

  /** A row of the change log, in the order of the log. */
  addRow(row: PlacedOutboxRow, waits: boolean): void {
    if (!this.takesIn(row)) return
    this.streams.add(row.streamName)
    if (row.type === 'snapshot') return
    const audited = this.at(row)
    audited.log = withRow(audited.log, row, waits)
  }

  /** Before the first message of the stream. */
  addPartition(streamName: string, { partition, start }: PartitionBounds): void {
    const trimmed = start > 0 && !this.options.wholeTopics
    const partitions = this.partitions.get(streamName) ?? new Map<number, { trimmed: boolean; oldestAt: number }>()
    this.partitions.set(streamName, partitions.set(partition, { trimmed, oldestAt: Infinity }))
  }

  /** When the first message of a partition was sent. */
  addOldest(streamName: string, partition: number, at: number): void {
    const found = this.partitions.get(streamName)?.get(partition)
    if (found !== undefined) found.oldestAt = Math.min(found.oldestAt, at)
  }

  addMessage(message: AuditedMessage): void {
    if (!this.takesIn(message)) return
    const { streamName, partition } = message
    const audited = this.at(message)
    audited.chain ??= new Chain(partition, this.partitions.get(streamName)?.get(partition)?.trimmed ?? false)
    audited.chain.add(message)
  }

  /** What the store says of a dataset after the topics were read: a live server has written meanwhile, and what it wrote need not be in the topic. */
  addReached({ epoch, syncCount, ...dataset }: StreamedDataset): void {
    this.reached.set(datasetKey(dataset), { epoch, syncCount })
  }

  *verdicts(): Generator<DatasetVerdict> {
    for (const { place, streamed, log, chain } of this.audited.values()) {
      const known = { ...place, reached: this.reached.get(datasetKey(place)) ?? null, streamed, log }
      yield { ...judge(chain, known, this.trimming(known)), chain, known }
    }
  }

  private at({ streamName, pool, identity, dataset }: StreamPlace): Audited {
    const place = { streamName, pool, identity, dataset }
    const key = placeKey(place)
    let audited = this.audited.get(key)
    if (audited === undefined) {
      audited = { place, streamed: null, log: null, chain: null }
      this.audited.set(key, audited)
      this.streams.add(streamName)
    }
    return audited
  }

  private takesIn(place: Pick<StreamPlace, 'pool' | 'streamName'>): boolean {
    const { pool, streamName } = this.options
    return (pool === null || pool === place.pool) && (streamName === null || streamName === place.streamName)
  }

  private trimming({ streamName, log }: KnownDataset): Trimming {
    const partitions = this.partitions.get(streamName) ?? new Map<number, never>()
    if (log === null) return { oldestAt: [...partitions.values()].some(({ trimmed }) => trimmed) ? Infinity : null }
    const found = partitions.get(log.partition)
    return { oldestAt: found?.trimmed === true ? found.oldestAt : null }
  }
}
