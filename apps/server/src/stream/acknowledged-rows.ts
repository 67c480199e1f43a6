import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import type { Clock } from '../runtime/clock.js'
import type { OutboxStore } from '../store/outbox-store.js'
import type { RelayBounds } from './relay-bounds.js'
import type { Tenure } from './held-tenure.js'
import type { StreamObserver } from './stream-observer.js'

/** How long after a mark that failed the next one is tried. */
const RETRY_MS = 1_000

/**
 * Rows that Kafka acknowledged and the store still calls unpublished, by the tenure under which they were sent. They are marked a few sends at a time, all
 * shards together, so that marking takes little of the write lane; a mark that is lost means a message twice, and nothing else (V21).
 */
export class AcknowledgedRows {
  /** The stream of each, by place. */
  private readonly rowsByTenure = new Map<Tenure, Map<number, string>>()
  private count = 0
  private marking: Promise<void> | null = null
  private cancelMark: (() => void) | null = null
  private over = false

  constructor(
    private readonly deps: Readonly<{
      outbox: Pick<OutboxStore, 'markPublished'>
      clock: Clock
      bounds: Pick<RelayBounds, 'markRowsMin' | 'markDelayMs' | 'unmarkedRowsMax'>
      observer: Pick<StreamObserver, 'marked' | 'failed'>
      /** The store says that the lease is no longer the newest. */
      fenced: (tenure: Tenure) => void
    }>,
  ) {}

  get size(): number {
    return this.count
  }

  /** Their places. */
  seqs(): readonly number[] {
    return [...this.rowsByTenure.values()].flatMap((held) => [...held.keys()])
  }

  /** Adds rows of one send, every one of which was acknowledged and sent under a tenure that lasts. */
  add(rows: readonly PlacedOutboxRow[], tenureOf: (shard: number) => Tenure): void {
    for (const { shard, seq, streamName } of rows) {
      const tenure = tenureOf(shard)
      const held = this.rowsByTenure.get(tenure) ?? new Map<number, string>()
      this.rowsByTenure.set(tenure, held.set(seq, streamName))
    }
    this.count += rows.length
    if (this.size >= this.deps.bounds.markRowsMin) void this.mark()
    else this.markIn(this.deps.bounds.markDelayMs)
  }

  /** To be called when a tenure ended: whoever has the shard now marks its rows. */
  drop(tenure: Tenure): void {
    this.count -= this.rowsByTenure.get(tenure)?.size ?? 0
    this.rowsByTenure.delete(tenure)
  }

  /** Marks what there is; resolves when that succeeded or failed. */
  async settle(): Promise<void> {
    await this.marking
    if (this.size > 0 && !this.over) await this.mark()
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

  /** One round at a time; what comes meanwhile waits for the next. */
  private mark(): Promise<void> {
    this.cancelMark?.()
    this.cancelMark = null
    this.marking ??= this.markHeld().then((succeeded) => {
      this.marking = null
      if (this.size > 0) this.markIn(succeeded ? this.deps.bounds.markDelayMs : RETRY_MS)
    })
    return this.marking
  }

  /** False when the store failed for one of the shards. */
  private async markHeld(): Promise<boolean> {
    const { clock, observer } = this.deps
    const startedAt = clock.elapsed()
    // Asked for all at once, so that a store can do it all at once.
    const counts = await Promise.all([...this.rowsByTenure].map(([tenure, held]) => this.markShard(tenure, held)))
    const rows = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
    if (rows > 0) observer.marked(rows, (clock.elapsed() - startedAt) / 1_000)
    return !counts.includes(null)
  }

  /** How many rows were marked; null when the store failed. */
  private async markShard(tenure: Tenure, held: Map<number, string>): Promise<number | null> {
    const { outbox, clock, observer, fenced } = this.deps
    const { shard, lease } = tenure
    const seqs = [...held.keys()]
    try {
      if (!(await outbox.markPublished({ shard, lease, seqs, streamNames: [...held.values()], now: clock.now() }))) {
        this.drop(tenure)
        fenced(tenure)
        return 0
      }
    } catch (cause) {
      observer.failed('mark', cause)
      return null
    }
    if (this.rowsByTenure.get(tenure) !== held) return seqs.length // the tenure ended meanwhile
    for (const seq of seqs) held.delete(seq)
    if (held.size === 0) this.rowsByTenure.delete(tenure)
    this.count -= seqs.length
    return seqs.length
  }
}
