import type { Changed, Hello, SyncAnswer, SyncRequest, WatchAnswer, WatchRequest } from '@satchel/protocol'
import type { WireEvent } from '../api.js'
import type { Authentication, IdentityProvider } from '../identity/identity-provider.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { ConnectionFault, type Connection, type Transport } from '../transport/transport.js'
import { backOffMs } from '../runtime/back-off.js'
import { withinTime } from './time-limit.js'
import { retryAfterMsOf, verdictOn } from './verdict.js'

/** A token is renewed when this part of its life has passed. */
const RENEWED_AT = 0.8

export type LineDeps = Readonly<{
  transport: Transport
  provider: IdentityProvider
  clock: Clock
  random: Random
  onWire: ((event: WireEvent) => void) | undefined
  /** The server wants to hear nothing for so long, renewals of tokens apart. */
  onAsked: (forMs: number) => void
}>

export type LineListener = Readonly<{
  changed(hint: Changed): void
  /** The connection has ended by itself, or its token can not be renewed. Said once, and never after `hangUp`. */
  lost(fault: unknown): void
}>

/** The user's token does not get in, although it is fresh; only the app, or the user, can help. */
export class Unwelcome extends Error {
  constructor(readonly fault: ConnectionFault) {
    super(fault.message, { cause: fault })
    this.name = 'Unwelcome'
  }
}

type Held = Readonly<{ connection: Connection; listener: LineListener }>

/**
 * One authenticated connection at a time: gets tokens, keeps them for as long as they are good, and renews them on the live
 * connection. Every request has a time limit, after which it rejects and the connection is to be given up.
 */
export class Line {
  #held: Held | null = null
  #known: Authentication | null = null
  /** Rises with every call and every end, so that what comes late is recognised. */
  #turn = 0
  #cancelRenewal: () => void = () => {}

  constructor(private readonly deps: LineDeps) {}

  /**
   * Connects as the identity, or as whoever the provider names when it is null. Rejects with {@link Unwelcome} where a fresh token is
   * refused for good; a call that was overtaken by `hangUp` never settles.
   */
  async call(
    identity: string | null,
    listener: LineListener,
  ): Promise<Readonly<{ hello: Hello; user: Authentication }>> {
    const turn = ++this.#turn
    const fresh = this.#known === null
    try {
      const user = (this.#known ??= await this.#heeding(this.#authenticate(identity)))
      const connection = await this.#connect(user, turn, listener)
      if (turn !== this.#turn) {
        connection.close()
        return await new Promise(() => {})
      }
      this.#held = { connection, listener }
      this.#renewLater(connection.hello, turn, listener)
      return { hello: connection.hello, user }
    } catch (fault) {
      if (turn !== this.#turn) return new Promise(() => {})
      if (verdictOn(fault) !== 'token') throw fault
      this.forgetToken()
      if (fresh) throw new Unwelcome(fault as ConnectionFault)
      return this.call(identity, listener)
    }
  }

  sync(request: SyncRequest): Promise<SyncAnswer> {
    return this.#ask('sync', request, (connection) => this.#heeding(connection.sync(request)))
  }

  watch(request: WatchRequest): Promise<WatchAnswer> {
    return this.#ask('watch', request, (connection) => this.#heeding(connection.watch(request)))
  }

  /** The next call asks for a new token. */
  forgetToken(): void {
    this.#known = null
  }

  hangUp(): void {
    this.#turn++
    this.#cancelRenewal()
    this.#held?.connection.close()
    this.#held = null
  }

  async #authenticate(identity: string | null): Promise<Authentication> {
    const { provider, clock } = this.deps
    try {
      return await withinTime(clock, 'authentication', provider.authenticate(identity))
    } catch (fault) {
      const definite = fault instanceof ConnectionFault && fault.kind === 'refused' && verdictOn(fault) !== 'pause'
      throw definite ? new Unwelcome(fault) : fault
    }
  }

  async #connect(user: Authentication, turn: number, listener: LineListener): Promise<Connection> {
    const { transport, clock } = this.deps
    this.#wire('sent', 'connect', { identity: user.identity })
    const connecting = transport.connect(user.token, {
      changed: (hint) => {
        if (turn !== this.#turn) return
        this.#wire('received', 'changed', hint)
        listener.changed(hint)
      },
      closed: (why) => {
        if (turn !== this.#turn) return
        this.#wire('received', 'closed', { message: why.message })
        this.#lose(listener, why)
      },
    })
    const dialled = this.#heeding(connecting)
    try {
      const connection = await withinTime(clock, 'the connection', dialled)
      this.#wire('received', 'hello', connection.hello)
      return connection
    } catch (fault) {
      // A connection that comes about after all is nobody's.
      dialled.then(
        (late) => late.close(),
        () => {},
      )
      throw fault
    }
  }

  async #ask<Answer>(
    message: string,
    body: unknown,
    work: (connection: Connection) => Promise<Answer>,
  ): Promise<Answer> {
    const held = this.#held
    if (held === null) throw new ConnectionFault('cut', 'there is no connection')
    this.#wire('sent', message, body)
    const answer = await withinTime(this.deps.clock, `"${message}"`, work(held.connection))
    this.#wire('received', message, answer)
    return answer
  }

  #renewLater(hello: Hello, turn: number, listener: LineListener): void {
    // The difference is taken on the server's clock alone, so a device's wrong clock renews in time as well.
    const lifeMs = Math.max(0, hello.expiresAt - hello.serverTime)
    const endMs = this.deps.clock.elapsed() + lifeMs
    const schedule = (delayMs: number, attempt: number): void => {
      this.#cancelRenewal()
      this.#cancelRenewal = this.deps.clock.after(delayMs, () => void renew(attempt))
    }
    const renew = async (attempt: number): Promise<void> => {
      try {
        const user = await this.#authenticate(this.#known?.identity ?? hello.identity)
        if (turn !== this.#turn) return
        const renewed = await this.#ask('renew', {}, (connection) => connection.renew(user.token))
        if (turn !== this.#turn) return
        this.#known = user
        this.#renewLater(renewed, turn, listener)
      } catch (fault) {
        if (turn !== this.#turn) return
        if (fault instanceof Unwelcome || this.deps.clock.elapsed() >= endMs) return this.#lose(listener, fault)
        const waitMs = (retryAfterMsOf(fault) ?? 0) + backOffMs(attempt + 1, this.deps.random.fraction())
        schedule(Math.max(1_000, waitMs), attempt + 1)
      }
    }
    schedule(Math.min(lifeMs * RENEWED_AT, TIMER_MS_MAX), 0)
  }

  /** A time that the server names counts for whoever asks next, also where nobody waits for this answer any more. */
  #heeding<Answer>(answer: Promise<Answer>): Promise<Answer> {
    answer.catch((fault: unknown) => {
      const forMs = retryAfterMsOf(fault)
      if (forMs !== null) this.deps.onAsked(forMs)
    })
    return answer
  }

  #lose(listener: LineListener, fault: unknown): void {
    this.hangUp()
    listener.lost(fault)
  }

  #wire(direction: WireEvent['direction'], message: string, body: unknown): void {
    this.deps.onWire?.({ at: this.deps.clock.now(), direction, message, body })
  }
}

/** Timers hold no more than 31 bits; renewing earlier does no harm. */
const TIMER_MS_MAX = 2 ** 31 - 1
