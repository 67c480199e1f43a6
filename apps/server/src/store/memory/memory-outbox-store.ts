import { byCodePoint, byteSize } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { Backlog, OutboxStore, ParkedStream, UnpublishedPage } from '../outbox-store.js'
import type { MemoryDatabase } from './memory-database.js'

/** The outbox in memory. */
export class MemoryOutboxStore implements OutboxStore {
  constructor(private readonly database: MemoryDatabase) {}

  unpublished(
    shards: readonly number[],
    { limit, bytesMax, without }: UnpublishedPage,
  ): Promise<readonly PlacedOutboxRow[]> {
    const seqs = new Set(without?.seqs)
    const streams = new Set(without?.streams)
    const first = this.live()
      .filter(({ seq, shard, streamName }) => shards.includes(shard) && !seqs.has(seq) && !streams.has(streamName))
      .slice(0, limit)
    let bytes = 0
    const over = first.findIndex(({ payload }, index) => (bytes += byteSize(payload)) > bytesMax && index > 0)
    return Promise.resolve(over === -1 ? first : first.slice(0, over))
  }

  markPublished({ shard, lease, seqs, now }: Parameters<OutboxStore['markPublished']>[0]): Promise<boolean> {
    const newest = this.database.leases.get(lease.name)
    const holds = newest?.holder === lease.holder && newest.epoch === lease.epoch && newest.until > now
    if (!holds) return Promise.resolve(false)
    for (const seq of seqs) {
      if (this.database.outbox.get(seq)?.shard === shard) this.database.unpublished.delete(seq)
    }
    return Promise.resolve(true)
  }

  backlog(): Promise<Backlog> {
    const live = this.live()
    const firsts = new Map<string, PlacedOutboxRow>()
    for (const row of live) {
      const key = `${row.shard} ${row.streamName}`
      if (!firsts.has(key)) firsts.set(key, row)
    }
    const times = [...firsts.values()].map(({ createdAt }) => createdAt)
    return Promise.resolve({ rows: live.length, oldestAt: times.length === 0 ? null : Math.min(...times) })
  }

  park(stream: ParkedStream): Promise<void> {
    const { parkedStreams } = this.database
    if (!parkedStreams.has(stream.streamName)) parkedStreams.set(stream.streamName, stream)
    return Promise.resolve()
  }

  unpark(streamName: string): Promise<void> {
    this.database.parkedStreams.delete(streamName)
    return Promise.resolve()
  }

  parked(): Promise<readonly ParkedStream[]> {
    const parked = [...this.database.parkedStreams.values()]
    return Promise.resolve(parked.sort((a, b) => byCodePoint(a.streamName, b.streamName)))
  }

  prune({ before, limit }: Readonly<{ before: number; limit: number }>): Promise<number> {
    const { outbox, unpublished, linked } = this.database
    let pruned = 0
    for (const { seq, id, createdAt } of outbox.values()) {
      if (createdAt >= before || pruned === limit) break
      if (unpublished.has(seq)) continue
      outbox.delete(seq)
      // The same snapshot may have been made again since, and its records be needed.
      if ((linked.get(id)?.createdAt ?? before) < before) linked.delete(id)
      pruned++
    }
    return Promise.resolve(pruned)
  }

  addLinkedRecords(added: Readonly<{ id: string; records: string; createdAt: number }>): Promise<void> {
    const createdAt = Math.max(added.createdAt, this.database.linked.get(added.id)?.createdAt ?? 0)
    this.database.linked.set(added.id, { ...added, createdAt })
    return Promise.resolve()
  }

  linkedRecords(id: string): Promise<string | null> {
    return Promise.resolve(this.database.linked.get(id)?.records ?? null)
  }

  /** What waits and is not parked, by place. */
  private live(): PlacedOutboxRow[] {
    const { outbox, unpublished, parkedStreams } = this.database
    return [...outbox.values()].filter(({ seq, streamName }) => unpublished.has(seq) && !parkedStreams.has(streamName))
  }
}
