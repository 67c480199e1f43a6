import type { SyncReport } from '../api.js'
import { asError } from '../as-error.js'
import type { Status } from '../status.js'
import type { TabMessage, Tabs } from '../tabs/tabs.js'
import { ConnectionFault } from '../transport/transport.js'
import { heedDevice } from './device-hints.js'
import { tallyOf } from './sync-tally.js'
import { SyncSession, type SyncSessionDeps } from './sync-session.js'

/** A leader that says nothing for so long is taken for frozen. */
const PONG_MS_MAX = 3_000

/** How often a tab whose edits wait looks whether its leader moves. */
const LOOK_MS = 5_000

export type TabSessionDeps = Omit<SyncSessionDeps, 'term' | 'onFenced' | 'onStatus' | 'onAsked'> &
  Readonly<{ tabs: Tabs; paused?: boolean }>

type Wish = (TabMessage & { kind: 'wish' })['wish']

/** A tab's time as the leader, from the moment it is granted. */
type Lead = { release: () => void; over: boolean }

/** What waits in a tab that follows: `armed` once the leader has heard of it, so that what its status says from then on counts. */
type Waiter = Readonly<{ ping: number; resolve: () => void; reject: (fault: unknown) => void }> & { armed: boolean }

/**
 * One tab's part in keeping a store in step.
 *
 * ```
 *   follows ── the lead falls free, or is stolen from a leader that does not move ──▶ leads
 *   follows ◀── another tab stole the lead, or began a later term ───────────────── leads
 * ```
 *
 * The leader runs the session and tells its status; the others show it and pass on what their apps wish. A tab whose edits
 * wait while the leader gives no sign of life takes the lead from it (NE15).
 */
export class TabSession {
  #session: SyncSession | null = null
  #lead: Lead | null = null
  /** A request for the lead stands, and is granted sooner or later. */
  #queued = false
  #shown: Status
  #paused: boolean
  #pings = 0
  #waiters: Waiter[] = []
  #closed = false
  readonly #listeners = new Set<(status: Status) => void>()
  #cancelPing: () => void = () => {}
  #cancelLook: () => void = () => {}
  #unlisten: () => void = () => {}
  #unheed: () => void = () => {}

  constructor(private readonly deps: TabSessionDeps) {
    this.#paused = deps.paused ?? false
    this.#shown = this.#following()
  }

  get status(): Status {
    return this.#shown
  }

  onStatus(listener: (status: Status) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    const { tabs } = this.deps
    this.#unlisten = tabs.listen((message) => this.#heard(message))
    this.#unheed = heedDevice((hint) => this.#session?.hint(hint))
    this.#seek(false)
    // Whoever leads answers with its status.
    tabs.tell({ kind: 'ping', number: ++this.#pings })
    this.#lookLater()
  }

  /** See `SyncClient.synchronize`. */
  async synchronize(): Promise<SyncReport> {
    const { store } = this.deps
    const tally = tallyOf(store)
    try {
      await store.flushed()
      await (this.#session === null ? this.#throughLeader() : this.#session.synchronize())
      return tally.report()
    } finally {
      tally.end()
    }
  }

  pause(): void {
    this.#wish('pause')
  }

  resume(): void {
    this.#wish('resume')
  }

  /** Asks anew who the user is. The tab that knows of a new login takes the lead, since no other could get in with it. */
  reconnect(): void {
    if (this.#session === null) this.#seek(true)
    else this.#session.reconnect()
  }

  /** Lets go of the lead, for another tab to take. The store stays open. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#follow()
    this.#unlisten()
    this.#unheed()
    this.#cancelPing()
    this.#cancelLook()
    this.#settleWaiters((waiter) => waiter.reject(new ConnectionFault('cut', 'the client was closed')))
    await Promise.resolve()
  }

  #heard(message: TabMessage): void {
    switch (message.kind) {
      case 'ping':
        return this.#answer(message.number)
      case 'pong':
        this.#cancelPing()
        for (const waiter of this.#waiters) waiter.armed ||= message.number >= waiter.ping
        return
      case 'status':
        if (this.#session !== null) return
        this.#cancelPing()
        // Another leader than the one that was asked, perhaps.
        if (this.#waiters.some(({ armed }) => !armed)) this.#ping()
        return this.#show(message.status)
      case 'patience':
        return this.deps.patience.asked(message.forMs)
      case 'wish':
        return this.#grant(message.wish)
      case 'appended':
      case 'deferred':
        return this.#session?.nudge()
      case 'profile':
        return
    }
  }

  #answer(number: number): void {
    if (this.#session === null) return
    this.deps.tabs.tell({ kind: 'pong', number })
    this.deps.tabs.tell({ kind: 'status', status: this.#session.status })
  }

  #wish(wish: Wish): void {
    const wasPaused = this.#paused
    this.#grant(wish)
    this.deps.tabs.tell({ kind: 'wish', wish })
    // What the leader shows is shown here already, and told again only when it changes.
    if (this.#session !== null || wish === 'synchronize' || this.#paused === wasPaused) return
    this.#show(this.#following())
  }

  /** Every tab remembers whether syncing is paused, in case that it leads later. */
  #grant(wish: Wish): void {
    if (wish !== 'synchronize') this.#paused = wish === 'pause'
    if (wish === 'pause') this.#session?.pause()
    else if (wish === 'resume') this.#session?.resume()
    else this.#session?.synchronize().catch(() => {}) // Its status says why.
  }

  #throughLeader(): Promise<void> {
    if (this.#paused || this.#closed) return Promise.reject(new ConnectionFault('unreachable', 'syncing is paused'))
    return new Promise<void>((resolve, reject) => {
      this.#waiters.push({ ping: this.#pings + 1, armed: false, resolve, reject })
      this.#wish('synchronize')
      this.#ping()
    })
  }

  /** Asks the leader for a sign of life, and takes its place when none comes. */
  #ping(): void {
    const { tabs, clock } = this.deps
    this.#cancelPing()
    this.#cancelPing = clock.after(PONG_MS_MAX, () => {
      if (this.#session === null) this.#seek(true)
    })
    tabs.tell({ kind: 'ping', number: ++this.#pings })
  }

  #lookLater(): void {
    this.#cancelLook = this.deps.clock.after(LOOK_MS, () => {
      this.#lookLater()
      if (this.#lead !== null) return
      this.#seek(false)
      if (!this.#paused && this.#hasUnsent()) this.#ping()
    })
  }

  #hasUnsent(): boolean {
    const { replica } = this.deps.store
    return replica.datasets().some((dataset) => replica.pending(dataset).some(({ parked }) => parked === null))
  }

  /** Asks for the lead. A request that is not for stealing stands until it is granted, so one is enough. */
  #seek(steal: boolean): void {
    if (this.#closed || (this.#queued && !steal)) return
    if (!steal) this.#queued = true
    const lead: Lead = { release: () => {}, over: false }
    void this.#take(lead, steal).catch((fault: unknown) => {
      // Looked at again a little later: storage that takes no term now takes none at once either.
      if (this.#lead === lead) this.#follow()
      this.deps.onFault(asError(fault))
    })
  }

  async #take(lead: Lead, steal: boolean): Promise<void> {
    const { release } = await this.deps.tabs.lead({ steal, lost: () => this.#end(lead) }).finally(() => {
      if (!steal) this.#queued = false
    })
    if (this.#closed || lead.over || this.#lead !== null) return release()
    lead.release = release
    this.#lead = lead
    const term = await this.deps.store.takeTerm()
    if (this.#lead === lead) this.#begin(lead, term)
  }

  #begin(lead: Lead, term: number): void {
    const session = new SyncSession({
      ...this.deps,
      term,
      onStatus: (status) => {
        if (this.#session !== session) return
        this.#show(status)
        this.deps.tabs.tell({ kind: 'status', status })
      },
      onAsked: (forMs) => this.deps.tabs.tell({ kind: 'patience', forMs }),
      onFenced: () => this.#end(lead),
    })
    this.#session = session
    this.#cancelPing()
    session.start(this.#paused)
    this.#show(session.status)
    this.deps.tabs.tell({ kind: 'status', status: session.status })
    if (this.#waiters.length === 0) return
    session.synchronize().then(
      () => this.#settleWaiters((waiter) => waiter.resolve()),
      (fault: unknown) => this.#settleWaiters((waiter) => waiter.reject(fault)),
    )
  }

  /** The lead is gone. This tab stops at once, and waits for its turn again. */
  #end(lead: Lead): void {
    lead.over = true
    if (this.#lead !== lead) return
    this.#follow()
    this.#show(this.#following())
    this.#seek(false)
  }

  #follow(): void {
    // First: how its session ends is no news.
    const session = this.#session
    this.#session = null
    session?.close()
    this.#lead?.release()
    this.#lead = null
  }

  #show(status: Status): void {
    this.#shown = status
    for (const listener of this.#listeners) listener(status)
    const { kind, reason } = status
    if (this.#session !== null) return
    const armed = ({ armed: isArmed }: Waiter): boolean => isArmed
    if (kind === 'live') this.#settleWaiters((waiter) => waiter.resolve(), armed)
    if (kind === 'waiting' || kind === 'offline' || kind === 'needs-auth') {
      this.#settleWaiters((waiter) => waiter.reject(new ConnectionFault('unreachable', reason)), armed)
    }
  }

  #settleWaiters(settle: (waiter: Waiter) => void, which: (waiter: Waiter) => boolean = () => true): void {
    const settled = this.#waiters.filter(which)
    this.#waiters = this.#waiters.filter((waiter) => !which(waiter))
    settled.forEach(settle)
  }

  #following(): Status {
    const since = this.deps.clock.now()
    return this.#paused
      ? { kind: 'offline', since, reason: 'paused by the app' }
      : { kind: 'connecting', since, reason: 'looking for the tab that leads' }
  }
}
