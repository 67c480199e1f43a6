import type { BusObserver } from './bus-observer.js'
import type { WireConnection } from './wire.js'

/** What may be under way to the wire at a time. */
export type OutgoingBounds = Readonly<{ messagesMax: number; bytesMax: number }>

export const OUTGOING_BOUNDS: OutgoingBounds = { messagesMax: 2_048, bytesMax: 8 * 1_048_576 }

/**
 * Sends without anybody waiting for it. While there is no connection, and beyond its bounds, messages are dropped and counted; nothing is ever kept for
 * later (RD3).
 */
export class Outgoing {
  private connection: WireConnection | null = null
  private messages = 0
  private bytes = 0
  private lost = 0
  private idle: (() => void)[] = []

  constructor(
    private readonly observer: Pick<BusObserver, 'published' | 'dropped'>,
    private readonly bounds: OutgoingBounds = OUTGOING_BOUNDS,
  ) {}

  attach(connection: WireConnection): void {
    this.connection = connection
  }

  detach(): void {
    this.connection = null
  }

  /** Messages under way. */
  get underway(): number {
    return this.messages
  }

  /** True when something was dropped since this was last asked. */
  takeLost(): boolean {
    const { lost } = this
    this.lost = 0
    return lost > 0
  }

  /** Makes the message only where it can go. */
  send(channel: string, seal: () => Buffer): void {
    const { connection } = this
    if (connection === null) return this.drop('away')
    if (this.messages >= this.bounds.messagesMax || this.bytes >= this.bounds.bytesMax) return this.drop('full')
    const sealed = seal()
    this.messages++
    this.bytes += sealed.length
    void connection
      .publish(channel, sealed)
      .then(
        () => this.observer.published(),
        () => this.drop('failed'),
      )
      .finally(() => {
        this.messages--
        this.bytes -= sealed.length
        if (this.messages === 0) for (const resolve of this.idle.splice(0)) resolve()
      })
  }

  /** Resolves when nothing is under way. */
  drained(): Promise<void> {
    return this.messages === 0 ? Promise.resolve() : new Promise((resolve) => this.idle.push(resolve))
  }

  private drop(reason: 'away' | 'full' | 'failed'): void {
    this.lost++
    this.observer.dropped(reason, 1)
  }
}
