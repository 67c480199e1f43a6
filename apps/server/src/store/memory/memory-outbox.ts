import { outboxRowOf } from '../../domain/outbox-row-of.js'
import type { StreamChange } from '../../domain/stream-change.js'
import { linkMaker, WITHOUT_LINKS, type StreamStorage } from '../stream-storage.js'
import type { MemoryDatabase } from './memory-database.js'

/** Puts changes into the outbox of a memory database. */
export class MemoryOutbox {
  constructor(
    private readonly database: MemoryDatabase,
    private readonly streams: StreamStorage = WITHOUT_LINKS,
  ) {}

  /** Answers the place of the last row, 0 for none at all. A change that cannot be worded throws, and then none is put in. */
  insert(changes: readonly StreamChange[]): number {
    const link = linkMaker(this.streams.linkKey, this.streams.publicUrl())
    const made = changes.map((change) => outboxRowOf(change, link))
    for (const { row, linked } of made) {
      const seq = ++this.database.lastSeq
      this.database.outbox.set(seq, { ...row, seq })
      if (this.streams.relay) this.database.unpublished.add(seq)
      if (linked !== null) this.database.linked.set(linked.id, linked)
    }
    return made.length === 0 ? 0 : this.database.lastSeq
  }
}
