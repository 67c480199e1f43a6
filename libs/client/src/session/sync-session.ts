import { DATASETS_PER_MESSAGE_MAX, type DatasetName, type RecordKey } from '@satchel/protocol'
import type { ConflictPolicy } from '../api.js'
import { asError } from '../as-error.js'
import type { Group } from '../journal/entry.js'
import { JournalFault } from '../journal/journal.js'
import type { ChangeSource, LocalStore } from '../local/local-store.js'
import type { Applied, Replica } from '../replica/replica.js'
import type { Status } from '../status.js'
import { ConnectionFault } from '../transport/transport.js'
import { ClashResolution } from './clash-resolution.js'
import { Exchanges } from './exchanges.js'
import { Line, Unwelcome, type LineDeps } from './line.js'
import {
  initialState,
  proceeds,
  statusOf,
  step,
  type Effect,
  type SessionEvent,
  type SessionState,
} from './session-state.js'
import type { Patience } from './patience.js'
import { retryAfterMsOf, verdictOn, wordsOf } from './verdict.js'

/** Edits that do not move for so long are said to be stalled. */
const STALLED_MS = 30_000

/** How often the session looks after itself. */
const TICK_MS = 5_000

/** How often a quiet connection is asked whether anything was missed; it also tells whether the connection still carries. */
const HEARTBEAT_MS = 30_000

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
  private state: SessionState
  private shown: Status
  private readonly replica: Replica
  private readonly line: Line
  private readonly exchanges: Exchanges
  private readonly resolution: ClashResolution
  private watched: ReadonlySet<DatasetName> = new Set()
  private waiters: Waiter[] = []
  /** Datasets that changed in this turn, not yet looked at. */
  private readonly touched = new Set<DatasetName>()
  /** Rises with every connection, so that what belongs to an earlier one is recognised. */
  private turn = 0
  private movedMs: number
  private heartMs = 0
  private lastFault: unknown = null
  private closed = false
  private cancelWake: () => void = () => {}
  private cancelTick: () => void = () => {}
  private unlisten: () => void = () => {}

  constructor(private readonly deps: SyncSessionDeps) {
    const { store, clock } = deps
    this.replica = store.replica
    this.state = initialState(clock.now())
    this.shown = statusOf(this.state)
    this.movedMs = clock.elapsed()
    this.line = new Line({
      ...deps,
      onAsked: (forMs) => {
        deps.patience.asked(forMs)
        deps.onAsked(forMs)
      },
    })
    this.exchanges = new Exchanges({
      ...deps,
      line: this.line,
      proceeds: () => !this.closed && proceeds(this.state),
      lost: (fault) => this.lost(fault),
      held: (fault) => this.held(fault),
      moved: () => this.moved(),
      answered: (datasets) => this.resolve(datasets),
      progress: (idle) => this.progress(idle),
    })
    this.resolution = new ClashResolution({
      ...deps,
      replica: this.replica,
      now: () => clock.now(),
      settle: (entries) => this.exchanges.append(entries),
    })
  }

  get status(): Status {
    return this.shown
  }

  start(paused = false): void {
    const { store, term } = this.deps
    this.unlisten = store.listen({ applied: (applied, by) => this.applied(applied, by) })
    store.accompany({ term, entries: (group) => this.joining(group), fenced: () => this.fenced() })
    this.exchanges.lookAtAll()
    this.resolve(this.replica.datasets())
    this.tickLater()
    // Also for processes that never live until the first tick.
    this.compact()
    this.take({ kind: paused ? 'pause' : 'resume' })
  }

  /** Sends and fetches everything; rejects with the fault that stands in the way. */
  synchronize(): Promise<void> {
    const { phase } = this.state
    if (this.closed || (phase.kind === 'offline' && phase.paused)) return Promise.reject(paused())
    const done = new Promise<void>((resolve, reject) => this.waiters.push({ resolve, reject }))
    this.exchanges.pullAll()
    this.take({ kind: 'wish' })
    // The server has asked to be left alone until a time that has not come.
    const { phase: now } = this.state
    if (now.kind === 'waiting') this.rejectWaiters(this.lastFault ?? new ConnectionFault('unreachable', now.reason))
    this.exchanges.pump()
    return done
  }

  pause(): void {
    this.take({ kind: 'pause' })
    this.rejectWaiters(paused())
  }

  resume(): void {
    this.take({ kind: 'resume' })
  }

  /** Asks anew who the user is, and connects as that. */
  reconnect(): void {
    this.line.forgetToken()
    this.take({ kind: 'wish' })
    this.take({ kind: 'failed', reason: 'the login is a new one', retryAfterMs: null, chance: 0, again: true })
  }

  /** The device says something about its network, or somebody looks at the app. */
  hint(hint: DeviceHint): void {
    this.take({ kind: 'hint', hint })
  }

  /** Another tab has appended something. */
  nudge(): void {
    if (this.closed) return
    this.exchanges.lookAtAll()
    this.resolve(this.replica.datasets())
    this.exchanges.pumpSoon()
  }

  /** Ends the session, and leaves the store as it is. */
  close(): void {
    if (this.closed) return
    this.rejectWaiters(new ConnectionFault('cut', 'the session has ended'))
    this.pause()
    this.closed = true
    this.deps.store.accompany(null)
    this.unlisten()
    this.cancelTick()
  }

  private fenced(): void {
    if (this.closed) return
    this.close()
    this.deps.onFenced()
  }

  private take(event: SessionEvent): void {
    if (this.closed) return
    const { clock, patience } = this.deps
    const patient = { ...this.state, floorMs: laterOf(this.state.floorMs, patience.untilMs) }
    const { state, effects } = step(patient, event, { now: clock.now(), elapsedMs: clock.elapsed() })
    this.state = state
    for (const effect of effects) this.act(effect)
    const status = statusOf(this.state)
    if (isSame(status, this.shown)) return
    this.shown = status
    this.deps.onStatus(status)
  }

  private act(effect: Effect): void {
    switch (effect.kind) {
      case 'connect':
        void this.connect()
        break
      case 'disconnect':
        this.turn++
        this.line.hangUp()
        this.exchanges.end()
        break
      case 'proceed':
        this.exchanges.lookAtAll()
        this.exchanges.pump()
        break
      case 'probe':
        this.watch()
        break
      case 'wake':
        this.cancelWake()
        this.cancelWake =
          effect.afterMs === null ? () => {} : this.deps.clock.after(effect.afterMs, () => this.take({ kind: 'woke' }))
        break
    }
  }

  private async connect(): Promise<void> {
    const turn = ++this.turn
    try {
      const { hello } = await this.line.call(this.replica.greeting.identity, {
        changed: (hint) => {
          if (this.watched.has(hint.dataset)) this.exchanges.changed(hint)
        },
        lost: (fault) => this.lost(fault),
      })
      if (turn !== this.turn) return
      const { identity, limits } = this.replica.greeting
      if (identity !== null && hello.identity !== identity) {
        this.line.forgetToken()
        const why = `the login is of identity ${hello.identity}, and what is stored here belongs to ${identity}`
        throw new Unwelcome(new ConnectionFault('refused', why))
      }
      if (this.replica.device === null) await this.deps.store.write([this.exchanges.newDevice()], this.deps.term)
      if (turn !== this.turn) return
      this.take({ kind: 'connected' })
      this.exchanges.begin()
      if (identity === null || !isSame(limits, hello.limits)) {
        // Asking need not wait for it, and no batch goes out that is not journaled behind it.
        this.exchanges.append([{ kind: 'greeted', identity: hello.identity, limits: hello.limits }])
      }
      // Watched first: what changes between the two is then told.
      this.watch()
      this.exchanges.pump()
    } catch (fault) {
      if (turn === this.turn) this.lost(fault)
    }
  }

  /** The connection, or the storage, does not go on. */
  private lost(fault: unknown): void {
    if (fault instanceof JournalFault && fault.kind === 'fenced') return this.fenced()
    const token = verdictOn(fault) === 'token'
    if (token) this.line.forgetToken()
    const reason = wordsOf(fault)
    if (fault instanceof Unwelcome) {
      this.lastFault = fault.fault
      this.take({ kind: 'unwelcome', reason })
    } else {
      this.lastFault = fault
      if (!(fault instanceof ConnectionFault)) this.deps.onFault(asError(fault))
      this.resolution.forget()
      this.take({ kind: 'failed', reason, ...this.waitAfter(fault), again: token })
    }
    this.rejectWaiters(this.lastFault)
  }

  private held(fault: unknown): void {
    this.lastFault = fault
    this.take({ kind: 'held', reason: wordsOf(fault), ...this.waitAfter(fault) })
    this.rejectWaiters(fault)
  }

  private waitAfter(fault: unknown): Readonly<{ retryAfterMs: number | null; chance: number }> {
    return { retryAfterMs: retryAfterMsOf(fault), chance: this.deps.random.fraction() }
  }

  private progress(idle: boolean): void {
    this.watchNew()
    this.take({ kind: idle ? 'idle' : 'busy' })
    if (!idle) return
    this.lastFault = null
    const { waiters } = this
    this.waiters = []
    for (const { resolve } of waiters) resolve()
  }

  private joining(group: Group): Group {
    if (group.some(({ kind }) => kind === 'adopt')) this.exchanges.lookAtAll()
    return this.exchanges.joining(group)
  }

  private applied({ shown, settled }: Applied, by: ChangeSource): void {
    if (by !== 'server') {
      if (this.touched.size === 0) queueMicrotask(() => this.lookAtTouched())
      for (const { dataset } of shown) this.touched.add(dataset)
    }
    for (const { dataset } of settled) this.exchanges.look(dataset)
    if (settled.length > 0) this.exchanges.pumpSoon()
  }

  private lookAtTouched(): void {
    const touched = [...this.touched]
    this.touched.clear()
    if (this.closed) return
    for (const dataset of touched) this.exchanges.look(dataset)
    this.resolve(touched)
    this.exchanges.pumpSoon()
  }

  private resolve(datasets: Iterable<DatasetName>): void {
    for (const dataset of datasets) this.resolution.look(dataset)
  }

  private watchNew(): void {
    if (this.replica.datasets().some((dataset) => !this.watched.has(dataset))) this.watch()
  }

  /** Asks to be told of every dataset's changes, and of what was missed so far. */
  private watch(): void {
    const { turn } = this
    const names = this.replica.datasets()
    this.watched = new Set(names)
    this.heartMs = this.deps.clock.elapsed()
    // What no message has room for is looked at with every heartbeat.
    for (const dataset of names.slice(DATASETS_PER_MESSAGE_MAX)) this.exchanges.pull(dataset)
    const told = names.slice(0, DATASETS_PER_MESSAGE_MAX)
    this.line.watch({ datasets: told.map((dataset) => ({ dataset, ...this.replica.standing(dataset) })) }).then(
      ({ changed }) => {
        if (turn === this.turn) for (const hint of changed) this.exchanges.changed(hint)
      },
      (fault: unknown) => {
        if (turn === this.turn) this.lost(fault)
      },
    )
  }

  private tickLater(): void {
    this.cancelTick = this.deps.clock.after(TICK_MS, () => {
      this.tickLater()
      this.tick()
    })
  }

  /** Nothing waits for something that was forgotten: every few seconds all is looked at once more. */
  private tick(): void {
    const { clock } = this.deps
    const elapsedMs = clock.elapsed()
    const { phase } = this.state
    const asked = phase.kind === 'waiting' && phase.asked
    const tries = phase.kind !== 'offline' && phase.kind !== 'needs-auth' && !asked
    if (!tries || !this.hasUnsent()) this.moved()
    else if (elapsedMs - this.movedMs >= STALLED_MS) this.take({ kind: 'stuck', reason: this.whyStuck() })
    if (proceeds(this.state)) {
      if (elapsedMs - this.heartMs >= HEARTBEAT_MS) this.watch()
      this.exchanges.lookAtAll()
      this.exchanges.pump()
    }
    this.compact()
  }

  private compact(): void {
    this.deps.store.compactIfDue(this.deps.term).catch((fault: unknown) => {
      if (fault instanceof JournalFault && fault.kind === 'fenced') this.fenced()
      else this.deps.onFault(asError(fault))
    })
  }

  /** Edits that are neither parked nor in a conflict. */
  private hasUnsent(): boolean {
    return this.replica.datasets().some((dataset) => {
      const pending = this.replica.pending(dataset).filter(({ parked }) => parked === null)
      if (pending.length === 0) return false
      const clashing = new Set(this.replica.clashes(dataset).map((clash) => clash.pending.key))
      return pending.some(({ key }) => !clashing.has(key))
    })
  }

  private whyStuck(): string {
    const { trouble } = this.deps.store
    if (trouble !== null) return trouble
    return this.lastFault === null ? 'edits wait, and the server has taken none of them' : wordsOf(this.lastFault)
  }

  private moved(): void {
    this.movedMs = this.deps.clock.elapsed()
    this.take({ kind: 'moved' })
  }

  private rejectWaiters(fault: unknown): void {
    const { waiters } = this
    this.waiters = []
    for (const { reject } of waiters) reject(fault)
  }
}

const paused = (): ConnectionFault => new ConnectionFault('unreachable', 'syncing is paused')

const laterOf = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.max(a, b)

const isSame = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b)
