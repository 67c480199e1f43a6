import type { Clock } from '../runtime/clock.js'
import type { BusObserver, DropReason } from './bus-observer.js'
import type { WireConnection } from './wire.js'

/** What may wait and be under way to the wire at a time. */
export type OutgoingBounds = Readonly<{ messagesMax: number; bytesMax: number }>

export const OUTGOING_BOUNDS: OutgoingBounds = { messagesMax: 2_048, bytesMax: 8 * 1_048_576 }

/** So many messages are made in one turn, so that whatever else the node has to do comes between them. */
const PER_TURN = 32

/** A message as it goes out. */
export type Sealed = Readonly<{ channel: string; sealed: Buffer }>

/**
 * Sends without anybody waiting for it, and makes messages only after the turn in which they were given: whoever committed is answered first. While
 * there is no connection, and beyond its bounds, messages are dropped and counted; nothing is ever kept for later (RD3).
 */
export class Outgoing {
  private connection: WireConnection | null = null
  private waiting: (() => Sealed)[] = []
  private sent = 0
  private bytes = 0
  private idle: (() => void)[] = []

  constructor(
    private readonly deps: Readonly<{
      observer: Pick<BusObserver, 'published' | 'dropped'>
      clock: Clock
      bounds?: OutgoingBounds
    }>,
  ) {}

  attach(connection: WireConnection): void {
    this.connection = connection
  }

  /** What waits is dropped; what is under way is settled by its connection. */
  detach(): void {
    this.connection = null
    for (const _ of this.waiting.splice(0)) this.drop('away')
    this.look()
  }

  /** Messages that wait or are under way. */
  get underway(): number {
    return this.waiting.length + this.sent
  }

  /** True while there is a connection. */
  get isAttached(): boolean {
    return this.connection !== null
  }

  /** Has the message made, soon, where it can go. */
  send(make: () => Sealed): void {
    if (this.connection === null) return this.drop('away')
    if (this.underway >= this.bounds.messagesMax) return this.drop('full')
    this.waiting.push(make)
    if (this.waiting.length === 1) this.deps.clock.soon(() => this.flush())
  }

  /** Resolves when nothing waits and nothing is under way. */
  drained(): Promise<void> {
    return this.underway === 0 ? Promise.resolve() : new Promise((resolve) => this.idle.push(resolve))
  }

  private flush(): void {
    const { connection } = this
    if (connection === null) return
    for (const make of this.waiting.splice(0, PER_TURN)) {
      if (this.bytes >= this.bounds.bytesMax) this.drop('full')
      else this.publish(connection, make())
    }
    this.look()
    if (this.waiting.length > 0) this.deps.clock.soon(() => this.flush())
  }

  private publish(connection: WireConnection, { channel, sealed }: Sealed): void {
    this.sent++
    this.bytes += sealed.length
    void connection
      .publish(channel, sealed)
      .then(
        () => this.deps.observer.published(),
        () => this.drop('failed'),
      )
      .finally(() => {
        this.sent--
        this.bytes -= sealed.length
        this.look()
      })
  }

  private look(): void {
    if (this.underway === 0) for (const resolve of this.idle.splice(0)) resolve()
  }

  private drop(reason: DropReason): void {
    this.deps.observer.dropped(reason, 1)
  }

  private get bounds(): OutgoingBounds {
    return this.deps.bounds ?? OUTGOING_BOUNDS
  }
}
