import type { Socket as WireSocket } from 'node:net'
import type { Changed, DatasetName, SyncRequest, WatchedDataset, WireError } from '@satchel/protocol'
import type { Socket } from 'socket.io'
import type { Bearer } from '../access/bearer.js'
import type { CommittedChange } from '../datasets/commit-feed.js'
import type { EndReason } from './live-observer.js'

/** Packets that may wait for a slow reader before hints are coalesced. */
const PACKETS_HELD_MAX = 32

/** What may wait for a slow reader before it is cut. */
const UNSENT_BYTES_MAX = 16 * 1_048_576
const UNSENT_PACKETS_MAX = 4_096

/** Of a socket that has not asked yet. Never written to. */
const NOTHING: Map<DatasetName, WatchedDataset> = new Map()

/**
 * One open socket: whom it belongs to, what it watches, and what it has not read yet. There may be thousands, most of
 * them idle, so it has no timer and, while its reader keeps up, no listener of its own.
 */
export class LiveSocket {
  /** What it watches, and how far it was told of it. */
  private watched: Map<DatasetName, WatchedDataset> = NOTHING
  /** When it was first seen not to keep up; null while it does. */
  busySince: number | null = null
  /** Why it ends; null while it lives. */
  ending: EndReason | null = null
  /** Messages that are being answered. */
  inWork = 0
  private readonly syncs = new Set<SyncRequest>()
  private waiting: Map<DatasetName, Changed> | null = null

  constructor(
    readonly number: number,
    readonly socket: Socket,
    /** Replaced when the token is renewed. */
    public bearer: Bearer,
    private readonly wire: WireSocket,
  ) {}

  /** From now on it is told of these, and of no others. */
  watch(datasets: readonly WatchedDataset[]): void {
    this.watched = new Map(datasets.map((watched) => [watched.dataset, watched]))
  }

  /** What it watches and was told of each. */
  get standings(): Iterable<WatchedDataset> {
    return this.watched.values()
  }

  /** Marks a sync as under way, so that its own commit is not told back to it. */
  async during<T>(request: SyncRequest, work: () => Promise<T>): Promise<T> {
    this.syncs.add(request)
    try {
      return await work()
    } finally {
      this.syncs.delete(request)
    }
  }

  /**
   * True for a change that this socket is to be told of: it watches the dataset, was not told of this or a later change, and did not
   * write it by itself.
   */
  wants({ changed, device }: CommittedChange): boolean {
    const told = this.watched.get(changed.dataset)
    if (told === undefined || this.ending !== null) return false
    if (told.epoch === changed.epoch && told.since >= changed.through) return false
    if (device === null || this.syncs.size === 0) return true
    for (const sync of this.syncs) {
      if (sync.device !== device) continue
      if (sync.datasets.some(({ dataset, batch }) => dataset === changed.dataset && batch !== null)) return false
    }
    return true
  }

  /** Tells of a change; while the reader does not keep up, only of the last one of each dataset and without records. */
  hint(changed: Changed): 'sent' | 'coalesced' {
    const { dataset, epoch, through } = changed
    if (this.watched.has(dataset)) this.watched.set(dataset, { dataset, epoch, since: through })
    if (this.waiting === null && this.packetsHeld < PACKETS_HELD_MAX) {
      this.socket.emit('changed', changed)
      return 'sent'
    }
    this.waiting ??= this.flushWhenReady()
    const { base } = this.waiting.get(dataset) ?? changed
    this.waiting.set(dataset, { ...changed, base, records: null })
    return 'coalesced'
  }

  /** True when more waits for the reader than may. */
  get isOverfull(): boolean {
    if (this.packetsHeld > UNSENT_PACKETS_MAX) return true
    let bytes = this.wire.writableLength
    if (this.packetsHeld > 0) for (const { data } of this.connection.writeBuffer) bytes += data?.length ?? 0
    return bytes > UNSENT_BYTES_MAX
  }

  /** Notes whether the reader keeps up; answers since when it does not. */
  look(now: number): number | null {
    const { transport } = this.connection
    if (this.busySince === null && !transport.writable) {
      this.busySince = now
      transport.once('drain', () => (this.busySince = null))
    }
    return this.busySince
  }

  /** Says why, and ends. What was said before goes out first, if the reader takes it. */
  end(reason: EndReason, error: WireError): void {
    if (this.ending !== null) return
    this.ending = reason
    this.socket.emit('closing', error)
    this.socket.disconnect(true)
  }

  /** Ends without another word. */
  cut(reason: EndReason): void {
    this.ending ??= reason
    this.wire.destroy()
  }

  private flushWhenReady(): Map<DatasetName, Changed> {
    this.connection.transport.once('ready', () => this.flush())
    return new Map()
  }

  private flush(): void {
    const { waiting } = this
    if (waiting === null || this.ending !== null) return
    if (this.packetsHeld >= PACKETS_HELD_MAX) {
      this.connection.transport.once('ready', () => this.flush())
      return
    }
    this.waiting = null
    for (const changed of waiting.values()) this.socket.emit('changed', changed)
  }

  private get packetsHeld(): number {
    return this.connection.writeBuffer.length
  }

  private get connection(): EngineConnection {
    return this.socket.conn as unknown as EngineConnection
  }
}

/** What of engine.io's connection is looked at; its types keep the buffer to itself. */
type EngineConnection = Readonly<{
  writeBuffer: readonly Readonly<{ data?: string | Buffer }>[]
  transport: Readonly<{ writable: boolean; once(event: 'drain' | 'ready', listener: () => void): void }>
}>
