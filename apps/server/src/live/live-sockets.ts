import type { IdentityId, IdentityPoolId, WatchedDataset, WireError } from '@satchel/protocol'
import type { BearerVerifier } from '../access/bearer.js'
import type { CommitFeed, CommittedChange } from '../datasets/commit-feed.js'
import { Refusal } from '../refusal.js'
import type { Clock } from '../runtime/clock.js'
import { chance } from '../runtime/chance.js'
import type { Random } from '../runtime/random.js'
import type { EndReason, LiveObserver } from './live-observer.js'
import type { LiveSocket } from './live-socket.js'
import { STOPPING } from './wire-errors.js'

/** How often tokens and readers are looked at. */
const LOOK_EVERY_MS = 1_000

/** How long a reader may not keep up. */
const BUSY_MS_MAX = 30_000

/** How often everybody's identity is asked for, since another node may have disabled it. */
const SWEEP_EVERY_MS = 15_000

/** Tokens asked for at once: few enough that the answer keeps nobody waiting, and so many that a node's devices cost the store a few questions. */
const ASKED_AT_ONCE = 500

/** How long an ended socket may take to read what was said to it. */
const LEAVE_MS_MAX = 2_000

/** How long a drain waits for messages that are being answered. */
const DRAIN_MS_MAX = 2_000
const DRAIN_LOOK_MS = 20

/** Over how long sockets that are sent away are to come back: devices add up to half a second, and are to be live again within two. */
const RETURN_MS_MAX = 700

type Room = { readonly sockets: Set<LiveSocket>; unwatch: (() => void) | null }

/**
 * All open sockets of this node, by identity. Tells them what was committed, and ends them when their token ends, when
 * their identity goes, when they do not read, and when the server stops.
 */
export class LiveSockets {
  private readonly rooms = new Map<IdentityId, Room>()
  private stopLooking: (() => void) | null = null
  private sweptAt = 0
  private sweeping = false
  private draining = false
  private open = 0

  constructor(
    private readonly deps: Readonly<{
      feed: Pick<CommitFeed, 'watch' | 'hears'>
      bearers: () => Pick<BearerVerifier, 'thoseStanding'>
      observer: LiveObserver
      clock: Clock
      random: Pick<Random, 'bytes'>
    }>,
  ) {}

  get size(): number {
    return this.open
  }

  get isDraining(): boolean {
    return this.draining
  }

  add(socket: LiveSocket): void {
    const { identity } = socket.bearer
    const room = this.rooms.get(identity) ?? { sockets: new Set(), unwatch: null }
    this.rooms.set(identity, room)
    room.sockets.add(socket)
    this.open++
    this.deps.observer.connected(socket.number, identity)
    this.stopLooking ??= this.lookLater()
  }

  /** To be called once a socket is gone, whoever ended it. */
  remove(socket: LiveSocket): void {
    const { identity } = socket.bearer
    const room = this.rooms.get(identity)
    if (room?.sockets.delete(socket) !== true) return
    this.open--
    if (room.sockets.size === 0) {
      room.unwatch?.()
      this.rooms.delete(identity)
    }
    this.deps.observer.ended(socket.number, identity, socket.ending ?? 'left')
  }

  /** From now on the socket is told of the datasets that it watches; resolves once it would be told of what other nodes commit, or when that takes too long. */
  listen({ bearer: { identity } }: LiveSocket): Promise<void> {
    const room = this.rooms.get(identity)
    if (room === undefined) return Promise.resolve()
    const { feed } = this.deps
    room.unwatch ??= feed.watch(
      identity,
      (change) => this.tell(room, change),
      () => standingsOf(room),
    )
    return feed.hears(identity)
  }

  /** To be called after the change is committed (NB13). */
  endIdentity(identity: IdentityId): void {
    for (const socket of this.rooms.get(identity)?.sockets ?? []) this.end(socket, 'departed', GONE)
  }

  /** To be called after the change is committed (NB13). */
  endPool(pool: IdentityPoolId): void {
    for (const socket of this.all()) if (socket.bearer.pool === pool) this.end(socket, 'departed', GONE)
  }

  /**
   * Ends the sockets of an identity, or of a pool, that may not be served any more, as the store says: to be called when another node said
   * so, which may be late or be said again.
   */
  recheck(gone: Readonly<{ identity: IdentityId }> | Readonly<{ pool: IdentityPoolId }>): void {
    const sockets =
      'identity' in gone
        ? [...(this.rooms.get(gone.identity)?.sockets ?? [])]
        : [...this.all()].filter(({ bearer }) => bearer.pool === gone.pool)
    void this.endThoseGone(sockets)
  }

  end(socket: LiveSocket, reason: EndReason, error: WireError): void {
    if (socket.ending !== null) return
    this.deps.clock.after(LEAVE_MS_MAX, () => socket.cut(reason))
    socket.end(reason, error)
  }

  /** Lets what is in work be answered, then ends every socket. Resolves when all of them are gone. */
  async drain(): Promise<void> {
    this.draining = true
    const { clock } = this.deps
    const begunAt = clock.elapsed()
    while (this.open > 0) {
      const late = clock.elapsed() - begunAt > DRAIN_MS_MAX
      for (const socket of this.all()) if (late || socket.inWork === 0) this.end(socket, 'draining', this.farewell())
      if (late) for (const socket of this.all()) socket.cut('draining')
      await new Promise<void>((done) => clock.after(DRAIN_LOOK_MS, done))
    }
    this.stopLooking?.()
  }

  /** Each socket is told another moment, or all of them would be at the door of the next node at once (MV4). */
  private farewell(): WireError {
    return { ...STOPPING, retryAfterMs: Math.round(chance(this.deps.random) * RETURN_MS_MAX) }
  }

  private tell({ sockets }: Room, change: CommittedChange): void {
    for (const socket of sockets) {
      if (!socket.wants(change)) continue
      this.deps.observer.hinted(socket.hint(change.changed))
      if (socket.isOverfull) socket.cut('slow')
    }
  }

  /** One look at all of them costs less than a timer for each. */
  private lookLater(): () => void {
    return this.deps.clock.after(LOOK_EVERY_MS, () => {
      this.look(this.deps.clock.now())
      this.stopLooking = this.open === 0 ? null : this.lookLater()
    })
  }

  private look(now: number): void {
    for (const socket of this.all()) {
      if (socket.bearer.expiresAt <= now) this.end(socket, 'expired', EXPIRED)
      const busySince = socket.look(now)
      if (busySince !== null && now - busySince >= BUSY_MS_MAX) socket.cut('slow')
    }
    if (this.sweeping || Math.abs(now - this.sweptAt) < SWEEP_EVERY_MS) return
    this.sweptAt = now
    this.sweeping = true
    void this.endThoseGone([...this.all()]).finally(() => (this.sweeping = false))
  }

  private async endThoseGone(sockets: readonly LiveSocket[]): Promise<void> {
    for (let at = 0; at < sockets.length; at += ASKED_AT_ONCE) {
      try {
        const asked = sockets
          .slice(at, at + ASKED_AT_ONCE)
          .filter(({ ending }) => ending === null)
          .map((socket) => [socket, socket.bearer] as const)
        const standing = await this.deps.bearers().thoseStanding(asked.map(([, bearer]) => bearer))
        for (const [socket, bearer] of asked) {
          // A token that was renewed meanwhile has been judged as it was shown.
          if (socket.bearer === bearer && !standing.has(bearer)) this.end(socket, 'departed', GONE)
        }
      } catch (cause) {
        // A busy database may answer for the next ones, and the next sweep would be turned away as early; one that is away is asked again by that.
        if (cause instanceof Refusal && cause.code === 'TooManyRequests') continue
        if (!(cause instanceof Refusal)) this.deps.observer.defect(cause)
        return
      }
    }
  }

  private *all(): Iterable<LiveSocket> {
    for (const { sockets } of this.rooms.values()) yield* sockets
  }
}

function* standingsOf({ sockets }: Room): Iterable<WatchedDataset> {
  for (const socket of sockets) yield* socket.standings
}

const EXPIRED: WireError = { code: 'ExpiredToken', message: 'the token has ended', retryAfterMs: null }
const GONE: WireError = {
  code: 'NotAuthorized',
  message: 'the identity is not to be used with this token any more',
  retryAfterMs: null,
}
