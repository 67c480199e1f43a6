import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import type { Clock } from '../runtime/clock.js'
import type { OutboxStore } from '../store/outbox-store.js'
import type { RelayBounds } from './relay-bounds.js'
import type { Tenure } from './shard-leases.js'
import { messageBytes } from './shard-window.js'
import type { StreamObserver } from './stream-observer.js'

/** How long after a mark that failed the next one is tried. */
const RETRY_MS = 1_000

/**
 * Rows of a shard that Kafka acknowledged and the store still calls unpublished. They are marked a few sends at a time, so that marking takes
 * little of the write lane; a mark that is lost means a message twice, and nothing else (V21).
 */
export class AcknowledgedRows {
  private readonly bytesBySeq = new Map<number, number>()
  private total = 0
  private marking: Promise<void> | null = null
  private cancelMark: (() => void) | null = null
  private over = false

  constructor(
    private readonly deps: Readonly<{
      outbox: Pick<OutboxStore, 'markPublished'>
      tenure: Tenure
      clock: Clock
      bounds: Pick<RelayBounds, 'markRowsMin' | 'markDelayMs' | 'unmarkedRowsMax'>
      observer: Pick<StreamObserver, 'marked' | 'failed'>
      /** The store says that the lease is no longer the newest. */
      fenced: () => void
    }>,
  ) {}

  get size(): number {
    return this.bytesBySeq.size
  }

  /** What they weigh together, as {@link messageBytes}. */
  get bytes(): number {
    return this.total
  }

  has(seq: number): boolean {
    return this.bytesBySeq.has(seq)
  }

  /** Adds rows of one send, every one of which was acknowledged. */
  add(rows: readonly PlacedOutboxRow[]): void {
    for (const row of rows) {
      const bytes = messageBytes(row)
      this.bytesBySeq.set(row.seq, bytes)
      this.total += bytes
    }
    if (this.size >= this.deps.bounds.markRowsMin) void this.mark()
    else this.markIn(this.deps.bounds.markDelayMs)
  }

  /** Marks what there is; resolves when that succeeded or failed. False while something is left. */
  async settle(): Promise<boolean> {
    await this.marking
    if (this.size > 0 && !this.over) await this.mark()
    return this.size === 0
  }

  /** Marks nothing further. */
  end(): void {
    this.over = true
    this.cancelMark?.()
  }

  private markIn(delayMs: number): void {
    if (this.cancelMark !== null || this.marking !== null || this.over) return
    this.cancelMark = this.deps.clock.after(delayMs, () => void this.mark())
  }

  /** One transaction at a time; what comes meanwhile waits for the next. */
  private mark(): Promise<void> {
    this.cancelMark?.()
    this.cancelMark = null
    this.marking ??= this.markFirst().then((marked) => {
      this.marking = null
      if (this.size > 0) this.markIn(marked ? this.deps.bounds.markDelayMs : RETRY_MS)
    })
    return this.marking
  }

  private async markFirst(): Promise<boolean> {
    const { outbox, tenure, clock, bounds, observer, fenced } = this.deps
    const seqs = [...this.bytesBySeq.keys()].slice(0, bounds.unmarkedRowsMax)
    const startedAt = clock.elapsed()
    try {
      const { shard, lease } = tenure
      if (!(await outbox.markPublished({ shard, lease, seqs, now: clock.now() }))) {
        this.end()
        fenced()
        return false
      }
    } catch (cause) {
      observer.failed('mark', cause)
      return false
    }
    for (const seq of seqs) {
      this.total -= this.bytesBySeq.get(seq)!
      this.bytesBySeq.delete(seq)
    }
    observer.marked(seqs.length, (clock.elapsed() - startedAt) / 1_000)
    return true
  }
}
