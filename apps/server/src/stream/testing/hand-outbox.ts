import type { OutboxRow, PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { Lease } from '../../store/lease-store.js'
import { MemoryDatabase } from '../../store/memory/memory-database.js'
import { MemoryLeaseStore } from '../../store/memory/memory-lease-store.js'
import { MemoryOutboxStore } from '../../store/memory/memory-outbox-store.js'
import type { OutboxStore } from '../../store/outbox-store.js'

/**
 * The outbox and the leases in memory, with rows added by hand. Unlike a store with one lane it can have a place taken and committed only later, as databases
 * with many writers do.
 */
export class HandOutbox extends MemoryOutboxStore {
  /** How often `unpublished` was asked. */
  reads = 0
  /** How many transactions marked something. */
  marks = 0
  private lastSeq = 0
  /** Of what is committed. */
  private highestSeq = 0

  private constructor(
    private readonly held: MemoryDatabase,
    readonly leases: MemoryLeaseStore,
  ) {
    super(held)
  }

  static create(): HandOutbox {
    const database = new MemoryDatabase()
    return new HandOutbox(database, new MemoryLeaseStore(database))
  }

  /** Takes the next place; what commits it makes the row visible. */
  begin(row: OutboxRow): Readonly<{ commit: () => PlacedOutboxRow }> {
    const placed = { ...row, seq: ++this.lastSeq }
    return { commit: () => this.place(placed) }
  }

  add(row: OutboxRow): PlacedOutboxRow {
    return this.begin(row).commit()
  }

  /** Places that wait to be published, parked ones included. */
  get waiting(): ReadonlySet<number> {
    return this.held.unpublished
  }

  /** Event ids whose records were kept for a link. */
  get linkedIds(): ReadonlySet<string> {
    return new Set(this.held.linked.keys())
  }

  /** The newest lease of a name; null when it was never taken. */
  lease(name: string): Lease | null {
    return this.held.leases.get(name) ?? null
  }

  override unpublished(...asked: Parameters<OutboxStore['unpublished']>): ReturnType<OutboxStore['unpublished']> {
    this.reads++
    return super.unpublished(...asked)
  }

  override async markPublished(request: Parameters<OutboxStore['markPublished']>[0]): Promise<boolean> {
    const marked = await super.markPublished(request)
    if (marked) this.marks++
    return marked
  }

  /** The memory database keeps rows in the order of their places. */
  private place(placed: PlacedOutboxRow): PlacedOutboxRow {
    const { outbox, unpublished } = this.held
    const isLast = placed.seq > this.highestSeq
    this.highestSeq = Math.max(this.highestSeq, placed.seq)
    const later = isLast ? [] : [...outbox.values()].filter(({ seq }) => seq > placed.seq)
    for (const { seq } of later) outbox.delete(seq)
    for (const row of [placed, ...later]) outbox.set(row.seq, row)
    unpublished.add(placed.seq)
    return placed
  }
}
