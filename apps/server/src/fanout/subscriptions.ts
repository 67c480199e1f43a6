import type { IdentityId } from '@satchel/protocol'
import type { Clock } from '../runtime/clock.js'
import type { WireConnection } from './wire.js'

/** How many channels go into one command; one command is under way at a time. */
const BATCH = 256

export type SubscriptionBounds = Readonly<{
  /** How long an identity that nobody watches any more stays subscribed: devices come back, and watch over HTTP again and again. */
  lingerMs: number
  /** So many of those at most. */
  lingeringMax: number
  /** How long a watcher waits at most until other nodes are heard. */
  hearMsMax: number
}>

export const SUBSCRIPTION_BOUNDS: SubscriptionBounds = { lingerMs: 30_000, lingeringMax: 2_000, hearMsMax: 250 }

type Subscription = {
  readonly channels: readonly string[]
  watchers: number
  /** True once the connection of now hears it. */
  held: boolean
  /** Somebody went on before it was heard. */
  late: boolean
  readonly waiting: Set<() => void>
}

/**
 * The identities whose channels this node listens to: those that somebody here watches, and for a while those that somebody did (RD2). They
 * outlive connections: a new one is given all of them.
 */
export class Subscriptions {
  private readonly byIdentity = new Map<IdentityId, Subscription>()
  private readonly identityByChannel = new Map<string, IdentityId>()
  /** To be subscribed. */
  private readonly wanted = new Set<IdentityId>()
  /** Watched by nobody, since when, the longest first. */
  private readonly idle = new Map<IdentityId, number>()
  private connection: WireConnection | null = null
  private working = false
  private stopLooking: (() => void) | null = null

  constructor(
    private readonly deps: Readonly<{
      channelsOf: (identity: IdentityId) => readonly string[]
      /** An identity is heard that somebody watched before it was. */
      caughtUp: (identity: IdentityId) => void
      /** The connection did not do what it was asked to. */
      failed: (connection: WireConnection, cause: unknown) => void
      clock: Clock
      bounds?: SubscriptionBounds
    }>,
  ) {}

  /** Identities that are listened to, or are to be. */
  get size(): number {
    return this.byIdentity.size
  }

  /** Whose channel it is; null where nobody watches that identity now. */
  watchedOn(channel: string): IdentityId | null {
    const identity = this.identityByChannel.get(channel)
    return identity === undefined || this.idle.has(identity) ? null : identity
  }

  /** Counts one more watcher. Resolves once other nodes are heard, or when that takes too long or cannot be. */
  listen(identity: IdentityId): Promise<void> {
    const held = this.byIdentity.get(identity) ?? this.add(identity)
    held.watchers++
    this.idle.delete(identity)
    if (held.held || this.connection === null) return Promise.resolve()
    this.work()
    return this.heard(held)
  }

  leave(identity: IdentityId): void {
    const held = this.byIdentity.get(identity)
    if (held === undefined || --held.watchers > 0) return
    // What was never subscribed has nothing to linger for; so a wire that stands still piles nothing up.
    if (this.wanted.has(identity)) return void this.remove(identity)
    this.idle.set(identity, this.deps.clock.elapsed())
    this.work()
    this.stopLooking ??= this.lookLater()
  }

  /** Everything is subscribed on this connection; resolves once all of it is heard, rejects with the connection's fault. */
  async attach(connection: WireConnection): Promise<void> {
    this.detach()
    this.connection = connection
    await this.settle(connection)
  }

  detach(): void {
    this.connection = null
    for (const [identity, held] of this.byIdentity) {
      held.held = false
      if (held.watchers > 0) this.wanted.add(identity)
      this.release(held)
    }
    for (const identity of this.idle.keys()) this.remove(identity)
  }

  private add(identity: IdentityId): Subscription {
    const channels = this.deps.channelsOf(identity)
    const added: Subscription = { channels, watchers: 0, held: false, late: false, waiting: new Set() }
    this.byIdentity.set(identity, added)
    for (const channel of channels) this.identityByChannel.set(channel, identity)
    this.wanted.add(identity)
    return added
  }

  private heard(held: Subscription): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        held.waiting.delete(done)
        resolve()
      }
      const cancel = this.deps.clock.after(this.bounds.hearMsMax, () => {
        held.late = true
        done()
      })
      held.waiting.add(done)
    })
  }

  private release(held: Subscription): void {
    for (const done of [...held.waiting]) done()
  }

  /** Brings the connection to what is wanted, unless that is under way. */
  private work(): void {
    const { connection } = this
    if (connection === null || this.working) return
    this.settle(connection).catch((cause: unknown) => this.deps.failed(connection, cause))
  }

  private async settle(connection: WireConnection): Promise<void> {
    this.working = true
    try {
      while (this.connection === connection) {
        if (this.wanted.size > 0) await this.subscribeSome(connection)
        else if (this.hasLeavers()) await this.unsubscribeSome(connection)
        else return // and nothing comes between this look and the end of the work
      }
    } finally {
      // An attach that came meanwhile works by itself.
      if (this.connection === connection || this.connection === null) this.working = false
    }
  }

  private async subscribeSome(connection: WireConnection): Promise<void> {
    const batch = this.takeWanted()
    await connection.subscribe(batch.flatMap(([, { channels }]) => channels))
    if (this.connection !== connection) return
    for (const [identity, held] of batch) {
      held.held = true
      this.release(held)
      if (held.late) this.deps.caughtUp(identity)
      held.late = false
    }
  }

  private async unsubscribeSome(connection: WireConnection): Promise<void> {
    const now = this.deps.clock.elapsed()
    const leaving: string[] = []
    for (const [identity, since] of this.idle) {
      if (this.lingers(since, now) || leaving.length >= BATCH) break
      leaving.push(...this.remove(identity))
    }
    await connection.unsubscribe(leaving)
  }

  private hasLeavers(): boolean {
    for (const since of this.idle.values()) return !this.lingers(since, this.deps.clock.elapsed())
    return false
  }

  private remove(identity: IdentityId): readonly string[] {
    const { channels } = this.byIdentity.get(identity)!
    this.idle.delete(identity)
    this.wanted.delete(identity)
    this.byIdentity.delete(identity)
    for (const channel of channels) this.identityByChannel.delete(channel)
    return channels
  }

  private takeWanted(): readonly (readonly [IdentityId, Subscription])[] {
    const taken: (readonly [IdentityId, Subscription])[] = []
    for (const identity of this.wanted) {
      if (taken.length >= BATCH) break
      this.wanted.delete(identity)
      taken.push([identity, this.byIdentity.get(identity)!])
    }
    return taken
  }

  private lingers(since: number, now: number): boolean {
    return now - since < this.bounds.lingerMs && this.idle.size <= this.bounds.lingeringMax
  }

  private lookLater(): () => void {
    return this.deps.clock.after(this.bounds.lingerMs / 3, () => {
      this.work()
      this.stopLooking = this.idle.size === 0 ? null : this.lookLater()
    })
  }

  private get bounds(): SubscriptionBounds {
    return this.deps.bounds ?? SUBSCRIPTION_BOUNDS
  }
}
