import { byteSize } from '@satchel/protocol'
import type { LinkedRecords, OutboxRow, PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { Lease } from '../../store/lease-store.js'
import type { Backlog, OutboxStore, ParkedStream } from '../../store/outbox-store.js'
import type { ModelLeases } from './model-leases.js'

/**
 * An outbox as it should be, in memory, to which a test adds rows by hand. Unlike a store with one lane it can have a place taken and committed only
 * later, as databases with many writers do.
 */
export class ModelOutbox implements OutboxStore {
  readonly rowsBySeq = new Map<number, PlacedOutboxRow>()
  readonly waiting = new Set<number>()
  readonly linkedById = new Map<string, LinkedRecords>()
  /** How often `unpublished` was asked. */
  reads = 0
  /** How many transactions marked something. */
  marks = 0
  private readonly parkedByStream = new Map<string, ParkedStream>()
  private lastSeq = 0

  constructor(private readonly leases: ModelLeases) {}

  /** Takes the next place; what commits it makes the row visible. */
  begin(row: OutboxRow): Readonly<{ commit: () => PlacedOutboxRow }> {
    const placed = { ...row, seq: ++this.lastSeq }
    return {
      commit: () => {
        this.rowsBySeq.set(placed.seq, placed)
        this.waiting.add(placed.seq)
        return placed
      },
    }
  }

  add(row: OutboxRow): PlacedOutboxRow {
    return this.begin(row).commit()
  }

  unpublished(
    shard: number,
    { limit, bytesMax }: Readonly<{ limit: number; bytesMax: number }>,
  ): Promise<readonly PlacedOutboxRow[]> {
    this.reads++
    const rows: PlacedOutboxRow[] = []
    let bytes = 0
    for (const seq of [...this.waiting].sort((a, b) => a - b)) {
      const row = this.rowsBySeq.get(seq)!
      if (row.shard !== shard || this.parkedByStream.has(row.streamName)) continue
      bytes += byteSize(row.payload)
      if (rows.length === limit || (rows.length > 0 && bytes > bytesMax)) break
      rows.push(row)
    }
    return Promise.resolve(rows)
  }

  markPublished({
    lease,
    seqs,
    now,
  }: Readonly<{ shard: number; lease: Lease; seqs: readonly number[]; now: number }>): Promise<boolean> {
    if (!this.leases.isValid(lease.name, lease.epoch, now)) return Promise.resolve(false)
    this.marks++
    for (const seq of seqs) this.waiting.delete(seq)
    return Promise.resolve(true)
  }

  backlog(): Promise<Backlog> {
    const times = [...this.waiting].map((seq) => this.rowsBySeq.get(seq)!.createdAt)
    return Promise.resolve({ rows: times.length, oldestAt: times.length === 0 ? null : Math.min(...times) })
  }

  park(stream: ParkedStream): Promise<void> {
    if (!this.parkedByStream.has(stream.streamName)) this.parkedByStream.set(stream.streamName, stream)
    return Promise.resolve()
  }

  unpark(streamName: string): Promise<void> {
    this.parkedByStream.delete(streamName)
    return Promise.resolve()
  }

  parked(): Promise<readonly ParkedStream[]> {
    return Promise.resolve([...this.parkedByStream.values()])
  }

  prune(): Promise<number> {
    return Promise.reject(new Error('no test of the relay prunes'))
  }

  addLinkedRecords(linked: LinkedRecords): Promise<void> {
    this.linkedById.set(linked.id, linked)
    return Promise.resolve()
  }

  linkedRecords(id: string): Promise<string | null> {
    return Promise.resolve(this.linkedById.get(id)?.records ?? null)
  }
}
