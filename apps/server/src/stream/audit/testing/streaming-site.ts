import type { DatasetName, IdentityId, IdentityPoolId, SyncCount } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../../../domain/outbox-row.js'
import type { StreamTarget } from '../../../domain/stream-target.js'
import { datasetKey } from '../../../domain/working-set.js'
import { HeldClock } from '../../../runtime/testing/held-clock.js'
import { rowMessage } from '../../row-message.js'
import type { AuditOptions } from '../audit.js'
import type { AuditResult } from '../findings.js'
import type { RepublishParts } from '../republish.js'
import { runAudit } from '../run-audit.js'
import { MemoryChangeLog } from './memory-change-log.js'
import { MemoryTopics } from './memory-topics.js'

export const POOL = 'eu-west-1:00000000-0000-4000-8000-000000000001' as IdentityPoolId
export const IDENTITY = 'eu-west-1:00000000-0000-4000-8000-0000000000aa' as IdentityId
export const STREAM = 'changes'

const NEVER_STREAMED = { streamedEpoch: 0, streamedThrough: 0 as SyncCount, streamBegun: 0 }

/** A dataset of the site. */
export type Place = Readonly<{ pool?: IdentityPoolId; identity?: IdentityId; dataset?: string }>

/** A server's store and a broker, in which a test makes histories, good and bad. */
export class StreamingSite {
  readonly clock = new HeldClock()
  readonly log = new MemoryChangeLog()
  readonly topics = new MemoryTopics(() => this.clock.now())
  private readonly targets = new Map<IdentityPoolId, StreamTarget>()
  private seq = 0

  constructor(readonly partitions = 2) {
    this.topics.create(STREAM, partitions)
  }

  /** From now on the stream of a pool goes to a topic, which is made if it is not there. Before the first time it goes to {@link STREAM}. */
  async moveTo(streamName: string, pool = POOL): Promise<void> {
    if ((await this.topics.bounds(streamName)) === null) this.topics.create(streamName, this.partitions)
    const begun = this.targetOf(pool).begun + 1
    this.targets.set(pool, { streamName, partitions: this.partitions, begun, payloadBytesMax: 1_000_000 })
  }

  /** A write that streams: into the store and the outbox. */
  write(place: Place = {}, over: Partial<PlacedOutboxRow> = {}): PlacedOutboxRow {
    const { pool = POOL, identity = IDENTITY, dataset = 'prefs' } = place
    const { streamName, begun } = this.targetOf(pool)
    const at = { pool, identity, dataset: dataset as DatasetName }
    const held = this.log.datasets.get(datasetKey(at))
    const epoch = over.epoch ?? held?.epoch ?? 0
    const syncCount = over.syncCount ?? (((held?.syncCount ?? 0) + 1) as SyncCount)
    const streamed = held ?? NEVER_STREAMED
    const before = streamed.streamBegun === begun ? streamed : NEVER_STREAMED
    const { previousEpoch = before.streamedEpoch, previous = before.streamedThrough } = over
    const row: PlacedOutboxRow = {
      ...at,
      id: `${identity}/${dataset}/${epoch}/${syncCount}`,
      streamName,
      type: 'change',
      payload: JSON.stringify({ identityPoolId: pool, identityId: identity, datasetName: dataset, syncCount }),
      partition: dataset.length % this.partitions,
      shard: 0,
      createdAt: this.clock.now(),
      ...over,
      epoch,
      syncCount,
      previousEpoch,
      previous,
      seq: over.seq ?? this.takePlace(),
    }
    this.log.held.push(row)
    this.log.unpublished.add(row.seq)
    const change = { streamedEpoch: epoch, streamedThrough: syncCount, streamBegun: begun }
    const stored = { ...at, ...streamed, ...(row.type === 'change' ? change : {}), epoch, syncCount }
    this.log.datasets.set(datasetKey(at), stored)
    return row
  }

  /** The place of a change whose transaction may commit later than those placed behind it. */
  takePlace(): number {
    return ++this.seq
  }

  /** Writes that the stream carries, one after another, and what the relay makes of them. */
  published(count: number, place: Place = {}): readonly PlacedOutboxRow[] {
    return Array.from({ length: count }, () => this.publish(this.write(place)))
  }

  /** What the relay does with a row. */
  publish(row: PlacedOutboxRow): PlacedOutboxRow {
    this.send(row)
    this.log.unpublished.delete(row.seq)
    return row
  }

  /** A message in the topic, whatever the store knows of it. */
  send(row: PlacedOutboxRow): void {
    this.topics.append(row.streamName, rowMessage(row, 1))
  }

  /** What is committed once the first page of the change log was read, of so many rows. */
  afterFirstPage(rowsMax: number, commit: () => void): void {
    this.log.pageMax = rowsMax
    let pages = 0
    this.log.afterPage = () => {
      if (++pages === 1) commit()
    }
  }

  /** The store says so, the topic never got it. */
  lose(row: PlacedOutboxRow): void {
    this.log.unpublished.delete(row.seq)
  }

  /** Gone from the outbox too. */
  forget(row: PlacedOutboxRow): void {
    this.lose(row)
    this.log.held = this.log.held.filter(({ seq }) => seq !== row.seq)
  }

  /** What a repair or a replay works with. */
  get parts(): RepublishParts & { log: MemoryChangeLog } {
    return { log: this.log, clock: this.clock, openPublisher: this.topics.open, topicPrefix: '' }
  }

  /** `relay`: see `AuditParts.relay`. */
  audit(options: Partial<AuditOptions> = {}, relay = true): Promise<AuditResult> {
    const parts = {
      log: this.log,
      topics: this.topics,
      streams: [],
      targetOf: (pool: IdentityPoolId) => Promise.resolve(this.targetOf(pool)),
      clock: this.clock,
      relay,
      progress: () => undefined,
    }
    return runAudit(parts, { pool: null, streamName: null, wholeTopics: false, ...options })
  }

  private targetOf(pool: IdentityPoolId): StreamTarget {
    const first = { streamName: STREAM, partitions: this.partitions, begun: 1, payloadBytesMax: 1_000_000 }
    return this.targets.get(pool) ?? first
  }
}

/** The faults of each dataset at fault. */
export const faultsIn = ({ findings }: AuditResult) => findings.map((finding) => [finding.dataset, finding.faults])
