import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { ConflictPolicy } from '../api.js'
import { asError } from '../as-error.js'
import { JournalFault } from '../journal/journal.js'
import type { LocalStore } from '../local/local-store.js'
import type { Status } from '../status.js'
import { ConnectionFault } from '../transport/transport.js'
import { ClashResolution } from './clash-resolution.js'
import { Exchanges } from './exchanges.js'
import { LocalChanges } from './local-changes.js'
import { Line, Unwelcome, type LineDeps } from './line.js'
import type { Patience } from './patience.js'
import { ServerContact } from './server-contact.js'
import {
  initialState,
  proceeds,
  statusOf,
  step,
  type Effect,
  type SessionEvent,
  type SessionState,
} from './session-state.js'
import { Upkeep } from './upkeep.js'
import { retryAfterMsOf, verdictOn, wordsOf } from './verdict.js'

/** What of the device the session is told; see `SyncSession.hint`. */
export type DeviceHint = 'online' | 'offline' | 'visible'

export type SyncSessionDeps = Omit<LineDeps, 'onAsked'> &
  Readonly<{
    store: LocalStore
    /** Of the leadership under which the session writes. */
    term: number
    policyOf: (dataset: DatasetName) => ConflictPolicy
    /** What the server asked for before this session began, and what it asks for now. */
    patience: Patience
    /** The server wants to hear nothing for so long. */
    onAsked: (forMs: number) => void
    onStatus: (status: Status) => void
    onFault: (fault: Error) => void
    /** A resolver left a clash of the key to the app. */
    onDeferred: (dataset: DatasetName, key: RecordKey) => void
    /** Another leader has begun; the session has ended itself. */
    onFenced: () => void
  }>

type Waiter = Readonly<{ resolve: () => void; reject: (fault: unknown) => void }>

/**
 * Keeps a local store in step with the server, for as long as its tab leads. What the server answers goes into the journal and
 * nowhere else, so a session may end at any moment: the next one goes on from the store alone.
 */
export class SyncSession {
  #state: SessionState
  #shown: Status
  readonly #line: Line
  readonly #exchanges: Exchanges
  readonly #contact: ServerContact
  readonly #resolution: ClashResolution
  readonly #changes: LocalChanges
  readonly #upkeep: Upkeep
  #waiters: Waiter[] = []
  #lastFault: unknown = null
  #closed = false
  #cancelWake: () => void = () => {}

  constructor(private readonly deps: SyncSessionDeps) {
    const { store, clock } = deps
    this.#state = initialState(clock.now())
    this.#shown = statusOf(this.#state)
    this.#line = new Line({
      ...deps,
      onAsked: (forMs) => {
        deps.patience.asked(forMs)
        deps.onAsked(forMs)
      },
    })
    this.#exchanges = new Exchanges({
      ...deps,
      line: this.#line,
      proceeds: () => !this.#closed && proceeds(this.#state),
      lost: (fault) => this.#lost(fault),
      held: (fault) => this.#held(fault),
      moved: () => this.#upkeep.moved(),
      answered: (datasets) => this.#changes.resolve(datasets),
      progress: (idle) => this.#progress(idle),
    })
    this.#resolution = new ClashResolution({
      ...deps,
      replica: store.replica,
      now: () => clock.now(),
      settle: (entries) => this.#exchanges.append(entries),
    })
    this.#changes = new LocalChanges({
      ...deps,
      exchanges: this.#exchanges,
      resolution: this.#resolution,
      onFenced: () => this.#fenced(),
    })
    this.#contact = new ServerContact({
      ...deps,
      line: this.#line,
      exchanges: this.#exchanges,
      onConnected: () => this.#take({ kind: 'connected' }),
      lost: (fault) => this.#lost(fault),
    })
    this.#upkeep = new Upkeep({
      ...deps,
      phase: () => this.#state.phase,
      onMoved: () => this.#take({ kind: 'moved' }),
      onStuck: () => this.#take({ kind: 'stuck', reason: this.#whyStuck() }),
      look: () => this.#lookAround(),
      onFenced: () => this.#fenced(),
    })
  }

  get status(): Status {
    return this.#shown
  }

  start(paused = false): void {
    this.#changes.start()
    this.#upkeep.start()
    this.#take({ kind: paused ? 'pause' : 'resume' })
  }

  /** Sends and fetches everything; rejects with the fault that stands in the way. */
  synchronize(): Promise<void> {
    const { phase } = this.#state
    if (this.#closed || (phase.kind === 'offline' && phase.paused)) return Promise.reject(paused())
    const done = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }))
    this.#exchanges.pullAll()
    this.#take({ kind: 'wish' })
    // The server has asked to be left alone until a time that has not come.
    const { phase: now } = this.#state
    if (now.kind === 'waiting') this.#rejectWaiters(this.#lastFault ?? new ConnectionFault('unreachable', now.reason))
    this.#exchanges.pump()
    return done
  }

  pause(): void {
    this.#take({ kind: 'pause' })
    this.#rejectWaiters(paused())
  }

  resume(): void {
    this.#take({ kind: 'resume' })
  }

  /** Asks anew who the user is, and connects as that. */
  reconnect(): void {
    this.#line.forgetToken()
    this.#take({ kind: 'wish' })
    this.#take({ kind: 'failed', reason: 'the login is a new one', retryAfterMs: null, chance: 0, again: true })
  }

  /** The device says something about its network, or somebody looks at the app. */
  hint(hint: DeviceHint): void {
    this.#take({ kind: 'hint', hint })
  }

  /** Another tab has appended something. */
  nudge(): void {
    if (this.#closed) return
    this.#changes.lookAtAll()
    this.#exchanges.pumpSoon()
  }

  /** Ends the session, and leaves the store as it is. */
  close(): void {
    if (this.#closed) return
    this.#rejectWaiters(new ConnectionFault('cut', 'the session has ended'))
    this.pause()
    this.#closed = true
    this.#changes.end()
    this.#upkeep.end()
  }

  #fenced(): void {
    if (this.#closed) return
    this.close()
    this.deps.onFenced()
  }

  #take(event: SessionEvent): void {
    if (this.#closed) return
    const { clock, patience } = this.deps
    const patient = { ...this.#state, floorMs: laterOf(this.#state.floorMs, patience.untilMs) }
    const { state, effects } = step(patient, event, { now: clock.now(), elapsedMs: clock.elapsed() })
    this.#state = state
    for (const effect of effects) this.#act(effect)
    const status = statusOf(this.#state)
    if (isSame(status, this.#shown)) return
    this.#shown = status
    this.deps.onStatus(status)
  }

  #act(effect: Effect): void {
    switch (effect.kind) {
      case 'connect':
        void this.#contact.connect()
        break
      case 'disconnect':
        this.#contact.end()
        break
      case 'proceed':
        this.#exchanges.lookAtAll()
        this.#exchanges.pump()
        break
      case 'probe':
        this.#contact.watch()
        break
      case 'wake':
        this.#cancelWake()
        this.#cancelWake =
          effect.afterMs === null ? () => {} : this.deps.clock.after(effect.afterMs, () => this.#take({ kind: 'woke' }))
        break
    }
  }

  /** The connection, or the storage, does not go on. */
  #lost(fault: unknown): void {
    if (fault instanceof JournalFault && fault.kind === 'fenced') return this.#fenced()
    const token = verdictOn(fault) === 'token'
    if (token) this.#line.forgetToken()
    const reason = wordsOf(fault)
    if (fault instanceof Unwelcome) {
      this.#lastFault = fault.fault
      this.#take({ kind: 'unwelcome', reason })
    } else {
      this.#lastFault = fault
      if (!(fault instanceof ConnectionFault)) this.deps.onFault(asError(fault))
      this.#resolution.forget()
      this.#take({ kind: 'failed', reason, ...this.#waitAfter(fault), again: token })
    }
    this.#rejectWaiters(this.#lastFault)
  }

  #held(fault: unknown): void {
    this.#lastFault = fault
    this.#take({ kind: 'held', reason: wordsOf(fault), ...this.#waitAfter(fault) })
    this.#rejectWaiters(fault)
  }

  #waitAfter(fault: unknown): Readonly<{ retryAfterMs: number | null; chance: number }> {
    return { retryAfterMs: retryAfterMsOf(fault), chance: this.deps.random.fraction() }
  }

  #progress(idle: boolean): void {
    this.#contact.watchNew()
    this.#take({ kind: idle ? 'idle' : 'busy' })
    if (!idle) return
    this.#lastFault = null
    const waiters = this.#waiters
    this.#waiters = []
    for (const { resolve } of waiters) resolve()
  }

  #lookAround(): void {
    if (!proceeds(this.#state)) return
    this.#contact.beat()
    this.#exchanges.lookAtAll()
    this.#exchanges.pump()
  }

  #whyStuck(): string {
    const { trouble } = this.deps.store
    if (trouble !== null) return trouble
    return this.#lastFault === null ? 'edits wait, and the server has taken none of them' : wordsOf(this.#lastFault)
  }

  #rejectWaiters(fault: unknown): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const { reject } of waiters) reject(fault)
  }
}

const paused = (): ConnectionFault => new ConnectionFault('unreachable', 'syncing is paused')

const laterOf = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.max(a, b)

const isSame = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b)
