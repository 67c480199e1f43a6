import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { backOffMs } from '../runtime/back-off.js'
import { within } from '../runtime/within.js'
import { WireFault, type Wire, type WireConnection } from './wire.js'

/** How long a connection may take to be ready, and then to be given everything that is listened to. */
const OPEN_MS_MAX = 3_000
const JOIN_MS_MAX = 15_000

/** How often a wire that is up is asked whether it still is, and how long it may take to say so. */
const PING_EVERY_MS = 1_000
const PING_MS_MAX = 2_000

export type BusConnectionParts = Readonly<{
  wire: Wire
  /** A connection is ready: gives it everything that is listened to; rejects when it cannot. */
  join: (connection: WireConnection) => Promise<void>
  /** Everything is listened to. */
  up: () => void
  /** No connection is there, or none was to be had. */
  away: (fault: WireFault) => void
  message: (channel: string, sealed: Buffer) => void
  clock: Clock
  random: Random
}>

/**
 * Keeps a connection of the wire, for as long as it is not closed.
 *
 *     opening ──▶ joining ──▶ up
 *        ▲           │         │  lost, or a ping without an answer
 *        └─ back-off ┴─────────┘
 *
 * What is lost is replaced, never mended, after a pause that grows and is jittered, so that a site's nodes do not come back together.
 */
export class BusConnection {
  private current: WireConnection | null = null
  private failures = 0
  private cancel: () => void = () => {}
  private closed = false
  /** Rises with every attempt, so that what belongs to an earlier one is recognised. */
  private turn = 0

  constructor(private readonly parts: BusConnectionParts) {}

  start(): void {
    void this.attempt(++this.turn)
  }

  /** Gives up a connection that does not do what it should; one that is not the current one any more is left alone. */
  giveUp(connection: WireConnection, cause: unknown): void {
    if (connection === this.current) this.fail(this.turn, faultOf(cause))
  }

  close(): void {
    this.closed = true
    this.turn++
    this.cancel()
    this.current?.close()
    this.current = null
  }

  private async attempt(turn: number): Promise<void> {
    const { wire, join, up } = this.parts
    const listener = {
      message: (channel: string, sealed: Buffer) => {
        if (turn === this.turn) this.parts.message(channel, sealed)
      },
      lost: (fault: WireFault) => this.fail(turn, fault),
    }
    try {
      const opening = wire.open(listener)
      // One that comes too late, or to nobody, is not kept.
      void opening.then(
        (late) => turn !== this.turn && late.close(),
        () => {},
      )
      const connection = await this.within(OPEN_MS_MAX, opening)
      if (turn !== this.turn) return connection.close() // ended since it was opened
      this.current = connection
      await this.within(JOIN_MS_MAX, join(connection))
      if (turn !== this.turn) return
      up()
      this.pingLater(turn, connection)
    } catch (cause) {
      this.fail(turn, faultOf(cause))
    }
  }

  private fail(turn: number, fault: WireFault): void {
    if (turn !== this.turn) return
    const next = ++this.turn
    this.cancel()
    this.current?.close()
    this.current = null
    this.parts.away(fault)
    if (this.closed) return
    this.cancel = this.parts.clock.after(backOffMs(++this.failures, this.parts.random), () => void this.attempt(next))
  }

  private pingLater(turn: number, connection: WireConnection): void {
    this.cancel = this.parts.clock.after(PING_EVERY_MS, () => {
      this.within(PING_MS_MAX, connection.ping()).then(
        () => {
          if (turn !== this.turn) return
          // Only now: one that is lost as soon as it is there has to be tried more and more seldom, too.
          this.failures = 0
          this.pingLater(turn, connection)
        },
        (cause: unknown) => this.fail(turn, faultOf(cause)),
      )
    })
  }

  private async within<T>(ms: number, work: Promise<T>): Promise<T> {
    const answer = await within<T | typeof LATE>({ clock: this.parts.clock, ms, late: () => LATE }, work)
    if (answer === LATE) throw new WireFault('unreachable', `no answer within ${ms} ms`)
    return answer
  }
}

const LATE = Symbol('late')

const faultOf = (cause: unknown): WireFault =>
  cause instanceof WireFault ? cause : new WireFault('failed', 'the connection did something unexpected', { cause })
