import {
  comparePositions,
  streamStanding,
  type StreamLink,
  type StreamPosition,
  type StreamStanding,
} from '../../domain/stream-standing.js'
import type { AuditedMessage } from './audited-message.js'

/** Changes of a dataset whose hashes are kept, so that a repeat of one of them can be compared. */
export const HASHES_MAX = 128

/**
 * What a topic tells of one dataset's changes, as a reader that keeps to the rule sees them (V70). Snapshots are counted only: the changes
 * between them are a chain without them.
 *
 * Bounded: measured, 0.6 kB for a dataset with one change, 1 kB with ten, and never more than 10 kB.
 */
export class Chain {
  /** The change the chain begins with; null before the first is taken. */
  first: StreamLink | null = null
  last: StreamPosition | null = null
  /** The newest that was seen, taken or not. */
  highest: StreamPosition | null = null
  /** The newest snapshot that was seen. */
  snapshot: StreamPosition | null = null
  /** What came before its predecessor did, and was not taken since. */
  ahead: StreamLink | null = null
  taken = 0
  repeated = 0
  /** Gaps that later messages filled. */
  healed = 0
  snapshots = 0
  /** Counts the stream never carried, because it was off. */
  skipped = 0
  /** The first count of which two messages differ. */
  altered: StreamPosition | null = null
  /** Repeats of changes whose hash is no longer kept. */
  uncompared = 0
  /** The first other partition a change was found in. */
  otherPartition: number | null = null

  private readonly hashes = new Map<number, number>()
  private hashesEpoch = 0

  constructor(
    readonly partition: number,
    /** Messages at the beginning of the partition were removed, so the first change that is there need not be the first that was. */
    private readonly trimmed: boolean,
  ) {}

  /** Takes the next message of the dataset into account, in the order of its partition. */
  add(message: AuditedMessage): void {
    if (message.partition !== this.partition) this.otherPartition ??= message.partition
    if (message.kind === 'snapshot') {
      this.snapshots += 1
      this.snapshot = newer(this.snapshot, message)
      return
    }
    this.highest = newer(this.highest, message)
    switch (this.standing(message)) {
      case 'next':
        return this.take(message)
      case 'repeated':
        return this.compare(message)
      case 'ahead':
        this.ahead ??= linkOf(message)
    }
  }

  /** True when everything that was seen of it was taken. */
  get whole(): boolean {
    return this.highest === null || (this.last !== null && comparePositions(this.highest, this.last) <= 0)
  }

  /** True when what came ahead could be taken now: it has to come again, but nothing before it is missing. */
  get inverted(): boolean {
    return this.ahead !== null && this.standing(this.ahead) === 'next'
  }

  private standing(link: StreamLink): StreamStanding {
    return this.last === null && this.trimmed ? 'next' : streamStanding(this.last, link)
  }

  private take(message: AuditedMessage): void {
    // A chain that begins anew, as after a time in another topic, names none before.
    const before = message.previous === 0 ? (this.last?.syncCount ?? 0) : message.previous
    this.skipped += Math.max(0, message.syncCount - before - 1)
    this.first ??= linkOf(message)
    this.last = { epoch: message.epoch, syncCount: message.syncCount }
    this.taken += 1
    this.keepHash(message)
    if (this.ahead !== null && this.whole) {
      this.ahead = null
      this.healed += 1
    }
  }

  private compare(message: AuditedMessage): void {
    this.repeated += 1
    const hash = message.epoch === this.hashesEpoch ? this.hashes.get(message.syncCount) : undefined
    if (hash === undefined) this.uncompared += 1
    else if (hash !== message.hash) this.altered ??= { epoch: message.epoch, syncCount: message.syncCount }
  }

  private keepHash({ epoch, syncCount, hash }: AuditedMessage): void {
    if (epoch !== this.hashesEpoch) this.hashes.clear()
    this.hashesEpoch = epoch
    this.hashes.set(syncCount, hash)
    if (this.hashes.size <= HASHES_MAX) return
    for (const oldest of this.hashes.keys()) {
      this.hashes.delete(oldest)
      return
    }
  }
}

const linkOf = ({ epoch, syncCount, previousEpoch, previous }: StreamLink): StreamLink => ({
  epoch,
  syncCount,
  previousEpoch,
  previous,
})

const newer = (known: StreamPosition | null, { epoch, syncCount }: StreamPosition): StreamPosition =>
  known !== null && comparePositions(known, { epoch, syncCount }) >= 0 ? known : { epoch, syncCount }
