import { byteSize } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import type { RelayBounds } from './relay-bounds.js'

/** What a message weighs in a batch beside its value, about: key, headers and framing. */
const MESSAGE_BYTES = 400

/** Topics whose smaller limit is remembered; past that all are found out anew. */
const LIMITS_MAX = 1_000

/** Rows that go to one topic in one send. */
export type Batch = Readonly<{ streamName: string; rows: readonly PlacedOutboxRow[]; bytes: number }>

/**
 * The rows that were read and are not acknowledged, in their order, and what of them goes into the next send. Of each shard a batch is always made of the
 * first rows of its stream, so no row of a dataset ever overtakes an earlier one (V20).
 */
export class LineWindow {
  private rows: readonly PlacedOutboxRow[] = []
  private readonly batchBytesByStream = new Map<string, number>()
  /** Rows that were made a link here, by place. */
  private linkedBySeq = new Map<number, PlacedOutboxRow>()

  constructor(private readonly bounds: Pick<RelayBounds, 'batchRowsMax' | 'batchBytesMax'>) {}

  get size(): number {
    return this.rows.length
  }

  /** Replaces what is held by what was read now; a row that was made a link stays one. */
  take(read: readonly PlacedOutboxRow[]): void {
    const linked = this.linkedBySeq
    if (linked.size === 0) {
      this.rows = read
      return
    }
    this.rows = read.map((row) => linked.get(row.seq) ?? row)
    this.linkedBySeq = new Map(this.rows.filter(({ seq }) => linked.has(seq)).map((row) => [row.seq, row]))
  }

  /** The first rows of the first stream, of those shards that may send; null when there are none. */
  next(maySend: (shard: number) => boolean): Batch | null {
    const first = this.rows.find(({ shard }) => maySend(shard))
    if (first === undefined) return null
    const { streamName } = first
    const bytesMax = this.batchBytesByStream.get(streamName) ?? this.bounds.batchBytesMax
    const rows: PlacedOutboxRow[] = []
    let bytes = 0
    for (const row of this.rows) {
      if (row.streamName !== streamName || !maySend(row.shard)) continue
      const more = messageBytes(row)
      if (rows.length > 0 && (rows.length === this.bounds.batchRowsMax || bytes + more > bytesMax)) break
      rows.push(row)
      bytes += more
    }
    return { streamName, rows, bytes }
  }

  /** To be called once a batch is acknowledged. */
  remove(batch: Batch): void {
    const gone = new Set(batch.rows.map(({ seq }) => seq))
    this.rows = gone.size === this.rows.length ? [] : this.rows.filter(({ seq }) => !gone.has(seq))
    if (this.linkedBySeq.size > 0) for (const seq of gone) this.linkedBySeq.delete(seq)
  }

  /** To be called when a batch of several rows was too large: those of its stream are at most half as large from now on. */
  shrink({ streamName, bytes }: Batch): void {
    if (this.batchBytesByStream.size >= LIMITS_MAX) this.batchBytesByStream.clear()
    this.batchBytesByStream.set(streamName, Math.floor(bytes / 2))
  }

  /** Puts a row of the same place, made a link, in another's stead; nothing where the other is no longer held. */
  replace(row: PlacedOutboxRow): void {
    if (!this.rows.some(({ seq }) => seq === row.seq)) return
    this.linkedBySeq.set(row.seq, row)
    this.rows = this.rows.map((held) => (held.seq === row.seq ? row : held))
  }

  isLinked(row: PlacedOutboxRow): boolean {
    return this.linkedBySeq.has(row.seq)
  }

  /** Forgets the rows of a stream, which are to be read again. */
  dropStream(streamName: string): void {
    this.rows = this.rows.filter((row) => row.streamName !== streamName)
  }

  /** Forgets the rows of a shard. */
  dropShard(shard: number): void {
    this.rows = this.rows.filter((row) => row.shard !== shard)
  }
}

/** What a row takes up in a batch, about. */
export const messageBytes = (row: PlacedOutboxRow): number => byteSize(row.payload) + MESSAGE_BYTES
