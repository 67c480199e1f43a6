import type { IdentityId } from '@satchel/protocol'
import type { Keyring } from '../access/keyring.js'
import type { CommittedChange, OtherNodes } from '../datasets/commit-feed.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { within } from '../runtime/within.js'
import { BusConnection } from './bus-connection.js'
import { carriedChange, encodeMessage, parseMessage, type BusMessage, type Departure } from './bus-message.js'
import type { BusObserver, DropReason } from './bus-observer.js'
import { MessageSeal } from './message-seal.js'
import { Outgoing, type OutgoingBounds, type Sealed } from './outgoing.js'
import { Subscriptions, type SubscriptionBounds } from './subscriptions.js'
import type { Wire, WireConnection, WireFault } from './wire.js'

/** Commits of a stream that come within this time are told as one, milliseconds. */
const STREAM_EVERY_MS = 100

/** So long after something could not be told the other nodes are asked to look for themselves, milliseconds. */
const MISSED_AFTER_MS = 1_000

/** How long the last messages may take when the bus is closed. */
const CLOSE_MS_MAX = 500

/** Hears what other nodes tell. Whatever is said may be late, repeated, out of order, or never be said. */
export interface BusListener {
  changed(change: CommittedChange): void
  departed(departure: Departure): void
  /** Another node put rows into the outbox. */
  streamCommitted(): void
  /** Changes of this identity, or of any for null, may not have been told. */
  missed(identity: IdentityId | null): void
}

export type HintBusParts = Readonly<{
  wire: Wire
  keyring: Keyring
  listener: BusListener
  observer: BusObserver
  clock: Clock
  random: Random
  bounds?: Readonly<{ outgoing?: OutgoingBounds; subscriptions?: SubscriptionBounds }>
}>

const EVERYBODY = 'everybody'
const ofIdentity = (identity: IdentityId): string => `identity ${identity}`

/**
 * What the nodes of a site tell each other at once, as hints: nothing is wrong while none arrives (RD1). A change goes to the nodes that have
 * somebody who watches its identity, and to no others; what concerns everybody goes to all.
 */
export class HintBus implements OtherNodes {
  private readonly seal: MessageSeal
  private readonly outgoing: Outgoing
  private readonly subscriptions: Subscriptions
  private readonly connection: BusConnection
  private readonly everybody: ReadonlySet<string>
  private fault: WireFault | null = null
  private isConnected = false
  private looked: (() => void)[] = []
  private streamTold: 'no' | 'yes' | 'again' = 'no'
  private missedLater: (() => void) | null = null

  constructor(private readonly parts: HintBusParts) {
    const { wire, observer, listener, clock, random, bounds = {} } = parts
    this.seal = new MessageSeal(parts)
    this.everybody = new Set(this.seal.channelsOf(EVERYBODY))
    const dropped = (reason: DropReason, messages: number) => {
      observer.dropped(reason, messages)
      if (reason !== 'away') this.missedLater ??= clock.after(MISSED_AFTER_MS, () => this.tellOfMissed())
    }
    this.outgoing = new Outgoing({
      observer: { published: () => observer.published(), dropped },
      clock,
      ...(bounds.outgoing === undefined ? {} : { bounds: bounds.outgoing }),
    })
    this.subscriptions = new Subscriptions({
      channelsOf: (identity) => this.seal.channelsOf(ofIdentity(identity)),
      caughtUp: (identity) => listener.missed(identity),
      failed: (connection, cause) => this.connection.giveUp(connection, cause),
      clock,
      ...(bounds.subscriptions === undefined ? {} : { bounds: bounds.subscriptions }),
    })
    this.connection = new BusConnection({
      wire,
      join: (connection) => this.join(connection),
      up: () => this.up(),
      away: (fault) => this.away(fault),
      message: (channel, sealed) => this.take(channel, sealed),
      clock,
      random,
    })
  }

  /** True while all that other nodes tell is heard. */
  get isUp(): boolean {
    return this.isConnected
  }

  /** Why it is not up; null while it is, and before that is known. */
  get lastFault(): WireFault | null {
    return this.fault
  }

  /** Identities whose changes are listened to. */
  get subscribed(): number {
    return this.subscriptions.size
  }

  /** Messages that wait or are under way to the wire. */
  get underway(): number {
    return this.outgoing.underway
  }

  /** Begins to connect, and never stops trying. Resolves once it is known whether that went well at once, or when `withinMs` are over. */
  start(withinMs: number): Promise<void> {
    const known = new Promise<void>((resolve) => this.looked.push(resolve))
    this.connection.start()
    return within({ clock: this.parts.clock, ms: withinMs, late: () => undefined }, known)
  }

  tell(changes: readonly CommittedChange[]): void {
    for (const change of changes) {
      this.outgoing.send(() => this.sealed(ofIdentity(change.identity), carriedChange(change)))
    }
  }

  listen(identity: IdentityId): Promise<void> {
    return this.subscriptions.listen(identity)
  }

  leave(identity: IdentityId): void {
    this.subscriptions.leave(identity)
  }

  /** To be called after the change is committed. */
  departed(departure: Departure): void {
    this.tellEverybody(departure)
  }

  /** To be called after a commit that put rows into the outbox; many of them in a short time are told as one. */
  streamCommitted(): void {
    if (this.streamTold !== 'no') {
      this.streamTold = 'again'
      return
    }
    this.streamTold = 'yes'
    this.tellEverybody({ kind: 'stream-committed' })
    this.parts.clock.after(STREAM_EVERY_MS, () => {
      const again = this.streamTold === 'again'
      this.streamTold = 'no'
      if (again) this.streamCommitted()
    })
  }

  /** Lets the last messages go, for half a second at most, and ends the connection with all its subscriptions. */
  async close(): Promise<void> {
    this.missedLater?.()
    await within({ clock: this.parts.clock, ms: CLOSE_MS_MAX, late: () => undefined }, this.outgoing.drained())
    this.isConnected = false
    this.connection.close()
    this.outgoing.detach()
    this.subscriptions.detach()
  }

  /** The publishing also finds out whether this node may publish at all. */
  private async join(connection: WireConnection): Promise<void> {
    await connection.subscribe([...this.everybody])
    // In this order, so that whatever is told goes out or is dropped before the others are asked to look.
    this.outgoing.attach(connection)
    const { channel, sealed } = this.sealed(EVERYBODY, { kind: 'missed' })
    await connection.publish(channel, sealed)
    await this.subscriptions.attach(connection)
  }

  private up(): void {
    this.isConnected = true
    this.fault = null
    this.parts.observer.up()
    this.known()
    // What was told meanwhile, nobody here heard.
    this.parts.listener.missed(null)
  }

  private away(fault: WireFault): void {
    const news = this.isConnected || this.fault?.kind !== fault.kind
    this.isConnected = false
    this.fault = fault
    this.outgoing.detach()
    this.subscriptions.detach()
    if (news) this.parts.observer.away(fault)
    this.known()
  }

  private known(): void {
    for (const resolve of this.looked.splice(0)) resolve()
  }

  /** While nothing can be said there is no need: it is the first that is said of a new connection. */
  private tellOfMissed(): void {
    this.missedLater = null
    if (this.outgoing.isAttached) this.tellEverybody({ kind: 'missed' })
  }

  private tellEverybody(message: BusMessage): void {
    this.outgoing.send(() => this.sealed(EVERYBODY, message))
  }

  private sealed(subject: string, message: BusMessage): Sealed {
    const channel = this.seal.channelOf(subject)
    return { channel, sealed: this.seal.close(channel, encodeMessage(message)) }
  }

  private take(channel: string, sealed: Buffer): void {
    const { observer, listener } = this.parts
    const toAll = this.everybody.has(channel)
    const identity = toAll ? null : this.subscriptions.watchedOn(channel)
    if (!toAll && identity === null) return
    const opened = this.seal.open(channel, sealed)
    if (opened.kind === 'own') return
    observer.received()
    if (opened.kind === 'refused') return observer.refused(opened.why)
    const message = parseMessage(opened.plain)
    if (message === null || !isOn(message, identity)) return observer.refused('malformed')
    switch (message.kind) {
      case 'changed':
        return listener.changed(message.change)
      case 'identity-gone':
      case 'pool-gone':
        return listener.departed(message)
      case 'stream-committed':
        return listener.streamCommitted()
      case 'missed':
        return listener.missed(null)
    }
  }
}

/** A change is told on its identity's own channel, everything else on that of all. */
const isOn = (message: BusMessage, identity: IdentityId | null): boolean =>
  message.kind === 'changed' ? message.change.identity === identity : identity === null
