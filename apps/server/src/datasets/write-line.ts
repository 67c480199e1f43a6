import type { IdentityId, Limits } from '@satchel/protocol'
import type { DatasetWrite, WriteOutcome } from '../domain/dataset-write.js'
import { Refusal } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'
import type { DatasetStore } from '../store/dataset-store.js'
import type { CommitFeed, CommittedChange } from './commit-feed.js'
import { committedChange } from './committed-change.js'

/** How much goes into one transaction. */
export type GroupBounds = Readonly<{
  groupWritesMax: number
  groupBytesMax: number
  /** As long as a write that comes would have to wait for longer, it is turned away. */
  waitMsTarget: number
  /** What has waited for longer, because the transaction before it took much longer than those before, is turned away too. */
  waitMsMax: number
}>

/** What a line tells whoever watches it. */
export interface CommitObserver {
  /** A transaction ended; `failed` when it stored nothing, as far as is known. */
  committed(group: Readonly<{ writes: number; seconds: number; failed: boolean }>): void
  /** A write was turned away because the queue is full, or it would have waited for too long. */
  refused(): void
  /** A write could not be stored, tried alone; its caller was told so. */
  failed(cause: unknown): void
}

/** What a line works with. */
export type LineParts = Readonly<{
  store: DatasetStore
  limits: Limits
  clock: Clock
  bounds: GroupBounds
  observer: CommitObserver
  /** Hears of what was committed, once it is durable and before its callers do. */
  feed: Pick<CommitFeed, 'isWatched' | 'publish'>
  /** Hears of whom a group was committed, and nothing else of it. */
  committed?: (identities: readonly IdentityId[]) => void
}>

type Waiting = Readonly<{
  since: number
  write: DatasetWrite
  bytes: number
  resolve: (outcome: WriteOutcome) => void
  reject: (cause: unknown) => void
}>

/** Seconds that a caller waits before it tries a failed store again. */
const RETRY_AFTER_SECONDS = 1
/** How much one transaction counts in the mean time that they take. */
const WEIGHT = 0.2
/** A transaction that takes so long is one of a store that does not answer. */
const STALLED_MS = 5_000

/**
 * One lane's line, and its group commit: what arrives while a transaction is under way becomes the next one (SPEC W1). There is no timer;
 * a lone write waits for nothing but the network events of its own turn.
 *
 *     submit ──▶ waiting ──▶ group ──▶ store.commit ──▶ feed, then outcomes
 *                                              │ failed: each of the group alone, then 503
 */
export class WriteLine {
  private waiting: Waiting[] = []
  private waitingBytes = 0
  private commitSince: number | null = null
  private meanCommitMs = 0
  private running = false
  private idle: (() => void)[] = []

  constructor(private readonly parts: LineParts) {}

  /** Puts a write of a known weight at the end; resolves and rejects as `WriteQueue.submit`. */
  submit(write: DatasetWrite, bytes: number): Promise<WriteOutcome> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ since: this.parts.clock.elapsed(), write, bytes, resolve, reject })
      this.waitingBytes += bytes
      this.start()
    })
  }

  /** Writes that wait for a transaction. */
  get depth(): number {
    return this.waiting.length
  }

  /** What waits, in bytes. */
  get bytes(): number {
    return this.waitingBytes
  }

  /**
   * Refuses a write that would have to wait for too long behind what waits: null where it would not. Each group takes about as long as those
   * before it did; of one that takes longer nothing better is known than that it may take as long again (PL3).
   */
  refusal(): Refusal | null {
    const { clock, bounds } = this.parts
    const now = clock.elapsed()
    const runningMs = this.commitSince === null ? 0 : now - this.commitSince
    const expectedMs = this.commitSince === null ? 0 : Math.max(this.meanCommitMs - runningMs, 0)
    const restMs = runningMs > this.meanCommitMs ? runningMs : expectedMs
    const groups = Math.floor(Math.max(this.depth / bounds.groupWritesMax, this.waitingBytes / bounds.groupBytesMax))
    if (restMs + groups * this.meanCommitMs <= bounds.waitMsTarget) return null
    return tooSlow({ waiting: this.depth, runningMs })
  }

  /** Resolves when nothing waits and no transaction is under way. */
  drained(): Promise<void> {
    if (!this.running) return Promise.resolve()
    return new Promise((resolve) => this.idle.push(resolve))
  }

  private start(): void {
    if (this.running) return
    this.running = true
    // Requests that arrived in the same turn of the event loop join the first group.
    this.parts.clock.soon(() => void this.run())
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      this.refuseLate()
      const group = this.takeGroup()
      if (group.length > 0) await this.commit(group)
      // The disk was busy for a while: let what arrived meanwhile into the next group.
      await new Promise<void>((resolve) => this.parts.clock.soon(resolve))
    }
    this.running = false
    for (const resolve of this.idle.splice(0)) resolve()
  }

  /** Of what waited for too long the callers are hardly there any more, and it would keep those behind it waiting. */
  private refuseLate(): void {
    const { clock, bounds } = this.parts
    const since = clock.elapsed() - bounds.waitMsMax
    const inTime = this.waiting.findIndex((waiting) => waiting.since >= since)
    const late = this.waiting.splice(0, inTime === -1 ? this.waiting.length : inTime)
    for (const { bytes, reject } of late) {
      this.waitingBytes -= bytes
      this.parts.observer.refused()
      reject(tooSlow({ waiting: late.length, runningMs: 0 }))
    }
  }

  private takeGroup(): readonly Waiting[] {
    const { groupWritesMax, groupBytesMax } = this.parts.bounds
    let count = 0
    let bytes = 0
    while (count < this.waiting.length && count < groupWritesMax) {
      bytes += this.waiting[count]!.bytes
      if (count > 0 && bytes > groupBytesMax) break
      count++
    }
    const group = this.waiting.splice(0, count)
    for (const { bytes: taken } of group) this.waitingBytes -= taken
    return group
  }

  private async commit(group: readonly Waiting[]): Promise<void> {
    const { store, limits, clock, observer } = this.parts
    const startedAt = (this.commitSince = clock.elapsed())
    const ended = (failed: boolean) => {
      const ms = clock.elapsed() - startedAt
      this.commitSince = null
      this.meanCommitMs += (ms - this.meanCommitMs) * WEIGHT
      observer.committed({ writes: group.length, seconds: ms / 1_000, failed })
    }
    let outcomes: readonly WriteOutcome[]
    try {
      outcomes = await store.commit(
        group.map(({ write }) => write),
        limits,
      )
    } catch (cause) {
      ended(true)
      await this.commitAlone(group, cause)
      return
    }
    ended(false)
    this.parts.committed?.(group.map(({ write }) => write.path.identity))
    this.publish(group, outcomes)
    group.forEach(({ resolve }, index) => resolve(outcomes[index]!))
  }

  /** What nobody watches is not even put together. */
  private publish(group: readonly Waiting[], outcomes: readonly WriteOutcome[]): void {
    const { feed } = this.parts
    const changes: CommittedChange[] = []
    group.forEach(({ write }, index) => {
      if (!feed.isWatched(write.path.identity)) return
      const change = committedChange(write, outcomes[index]!)
      if (change !== null) changes.push(change)
    })
    if (changes.length > 0) feed.publish(changes)
  }

  /** A group failed. One bad write must not take its neighbours with it, so each is tried alone, once; unless the store is away for all of them. */
  private async commitAlone(group: readonly Waiting[], cause: unknown): Promise<void> {
    if (cause instanceof Refusal) {
      this.parts.observer.failed(cause)
      for (const { reject } of group) reject(cause)
      return
    }
    if (group.length > 1) {
      for (const waiting of group) await this.commit([waiting])
      return
    }
    this.parts.observer.failed(cause)
    group[0]!.reject(
      new Refusal('ServiceUnavailable', 'the store could not take the write; sending it again is safe', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        cause,
      }),
    )
  }
}

const tooSlow = ({ waiting, runningMs }: Readonly<{ waiting: number; runningMs: number }>): Refusal =>
  runningMs > STALLED_MS
    ? new Refusal('ServiceUnavailable', 'the store does not answer; sending the write again is safe', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
    : new Refusal('TooManyRequests', `${waiting} writes wait for a store that is slow at present; try again later`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
