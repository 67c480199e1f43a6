import type { DeviceId } from '@satchel/protocol'
import type { SqlJsStatic } from 'sql.js'
import { asError } from '../as-error.js'
import type { Entry, Group, PlacedGroup } from '../journal/entry.js'
import { JournalFault, type Journal } from '../journal/journal.js'
import type { SqlReplica } from '../replica/sql-replica.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { TabMessage, Tabs } from '../tabs/tabs.js'
import { Arrivals, isOfServer } from './arrivals.js'
import type { ChangeSource, Companion, LocalStore, StoreListener } from './local-store.js'
import { isFault, KeptJournal } from './kept-journal.js'
import { Notices } from './notices.js'
import { openedReplica, startingOver, type Opened } from './opened-replica.js'
import { lengthOf, WriteQueue, type Waiting } from './write-queue.js'

export type JournaledStoreDeps = Readonly<{
  journal: Journal
  sql: SqlJsStatic
  tabs: Tabs
  clock: Clock
  random: Random
  /** Told of what belongs to no call: damage that was found, listeners that threw. */
  onFault: (fault: Error) => void
  /** Whether a store whose journal is gone is to be written anew from memory; where this is left out it is. */
  isWanted?: () => Promise<boolean>
}>

const RETRY_FIRST_MS = 250
const RETRY_MAX_MS = 30_000

/**
 * The local store of one tab. Everything that touches the journal happens one after the other, in `line`; what is
 * written meanwhile waits in the queue and goes into the next append together.
 *
 * An append that fails leaves its edits shown and its promises open, and is tried again until it succeeds, or until the
 * store is closed (ND16). A journal that is lost while it is in use is written anew from the replica (ND18).
 */
export class JournaledStore implements LocalStore {
  /**
   * Recovers what the journal holds. Rejects with the journal's `JournalFault` when it cannot be used; the journal is
   * then closed.
   */
  static async open(deps: JournaledStoreDeps): Promise<JournaledStore> {
    const { journal, sql, tabs, onFault } = deps
    // Other tabs append while this one reads; what they say meanwhile is looked at afterwards.
    const heard: TabMessage[] = []
    const unlisten = tabs.listen((message) => heard.push(message))
    try {
      const recovered = await journal.recover()
      const opened = openedReplica(sql, recovered)
      for (const damage of opened.damage) onFault(new Error(`the local store was damaged: ${damage}`))
      const store = new JournaledStore(deps, opened, recovered.snapshot?.bytes.length ?? 0)
      for (const message of heard) store.#heard(message)
      await store.#begin(opened)
      return store
    } catch (fault) {
      await journal.close().catch(() => {})
      throw fault
    } finally {
      unlisten()
    }
  }

  readonly replica: SqlReplica
  readonly #notices: Notices
  readonly #arrivals: Arrivals
  readonly #journal: KeptJournal
  readonly #queue = new WriteQueue()
  readonly #unlisten: () => void
  #companion: Companion | null = null
  /** The end of the line of those who use the journal. */
  #line: Promise<unknown> = Promise.resolve()
  #due = false
  #appending = false
  #fault: Error | null = null
  #failures = 0
  #cancelRetry: () => void = () => {}
  #flushWaiters: (() => void)[] = []
  #closed = false

  private constructor(
    private readonly deps: JournaledStoreDeps,
    { replica, offset }: Opened,
    snapshotBytes: number,
  ) {
    const { onFault, tabs } = deps
    this.replica = replica
    this.#notices = new Notices(onFault)
    const notices = this.#notices
    this.#arrivals = new Arrivals({ replica, tell: (applied, by) => notices.tell(applied, by), onFault })
    this.#journal = new KeptJournal({ ...deps, replica, arrivals: this.#arrivals, notices }, offset, snapshotBytes)
    this.#unlisten = tabs.listen((message) => this.#heard(message))
  }

  get trouble(): string | null {
    return this.#fault?.message ?? null
  }

  write(group: Group, term: number | null = null): Promise<number> {
    if (this.#closed || isFinal(this.#fault)) {
      return Promise.reject(this.#fault ?? new JournalFault('unavailable', 'the local store is closed'))
    }
    const length = lengthOf(group)
    if (!this.#queue.hasRoomFor(length)) {
      const why = `too much waits for the storage already: ${this.trouble ?? 'it is slow'}`
      return Promise.reject(new JournalFault('full', why))
    }
    const { ticket, shown } = this.replica.show(group)
    this.#notices.tell({ shown, settled: [] }, sourceOf(group))
    return new Promise((resolve, reject) => {
      this.#queue.push({ group, length, ticket, term, resolve, reject })
      this.#goOn()
    })
  }

  accompany(companion: Companion | null): void {
    this.#companion = companion
  }

  listen(listener: StoreListener): () => void {
    return this.#notices.listen(listener)
  }

  flushed(): Promise<void> {
    if (this.#queue.isEmpty && !this.#appending) return Promise.resolve()
    return new Promise((resolve) => this.#flushWaiters.push(resolve))
  }

  /** Resolves when all that was appended before the new term is applied here. */
  takeTerm(): Promise<number> {
    return this.#inLine(async () => {
      const term = await this.#journal.takeTerm()
      await this.#journal.catchUp()
      return term
    })
  }

  async compactIfDue(term: number): Promise<void> {
    if (this.#closed || this.#appending || !this.#queue.isEmpty || !this.#journal.isCompactionDue) return
    await this.#journal.compact(term)
  }

  /** Tries once more to append what waits; what cannot be appended rejects, and is not kept. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#cancelRetry()
    await this.#inLine(async () => {
      do await this.#proceed()
      while (this.#fault === null && !this.#queue.isEmpty)
    })
    this.#cancelRetry()
    this.#arrivals.forget(this.#arrivals.last)
    this.#rejectAll(this.#fault ?? new JournalFault('unavailable', 'the local store is closed'))
    this.#unlisten()
    this.#notices.flush()
    await this.#journal.close()
    this.replica.close()
  }

  /** Writes what a store needs before anything else, and waits until that was tried once. */
  async #begin({ damage }: Opened): Promise<void> {
    const { random, onFault } = this.deps
    const isDamaged = damage.length > 0
    const group: Entry[] = isDamaged ? startingOver(this.replica) : []
    // Numbers that were given before may be forgotten, so a damaged store numbers as another device.
    if (isDamaged || this.replica.device === null) group.push({ kind: 'device', device: random.uuid() as DeviceId })
    if (group.length === 0) return
    this.write(group).catch(onFault)
    await this.#line
    // What is broken goes with the groups that a snapshot replaces, and is not found again.
    if (isDamaged && this.#fault === null) await this.#journal.compact(null).catch(onFault)
  }

  #heard(message: TabMessage): void {
    if (message.kind !== 'appended' || this.#closed) return
    const { placed } = message
    this.#arrivals.take({ place: this.#journal.known(placed), group: placed.group, own: null })
    if (this.#arrivals.isBehind) this.#goOn()
  }

  #inLine<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#line.then(act)
    this.#line = done.catch(() => {})
    return done
  }

  /** Sees to it that what waits is appended, and what is missing is read. */
  #goOn(): void {
    if (this.#due || this.#closed) return
    this.#due = true
    void this.#inLine(() => this.#proceed())
  }

  async #proceed(): Promise<void> {
    this.#due = false
    try {
      if (this.#arrivals.isBehind) await this.#journal.catchUp()
      await this.#appendNext()
      this.#works()
    } catch (fault) {
      this.#failed(asError(fault))
    }
    if (this.#queue.isEmpty) this.#tellFlushed()
    else if (this.#fault === null) this.#goOn()
    if (this.#arrivals.isBehind && this.#fault === null) this.#goOn()
  }

  /** Appends what waits, as one group, with what the leader has to add. */
  async #appendNext(): Promise<void> {
    const { taken, term: asked } = this.#queue.take()
    if (taken.length === 0) return
    const own = taken.flatMap(({ group }) => group)
    const companion =
      this.#companion !== null && (asked ?? this.#companion.term) === this.#companion.term ? this.#companion : null
    const added = companion === null ? [] : this.#addedBy(companion, own)
    const term = added.length > 0 ? companion!.term : asked
    const group = [...own, ...added]
    const applied = (place: number): void => taken.forEach(({ resolve }) => resolve(place))
    if (group.length === 0) return applied(this.replica.place)
    this.#appending = true
    let placed: PlacedGroup
    try {
      placed = await this.#journal.append(group, term)
    } catch (fault) {
      const left = isFault(fault, 'fenced') ? this.#withoutTerm(taken, term!, fault) : taken
      this.#queue.putBack(left)
      if (left === taken) throw fault
      return
    } finally {
      this.#appending = false
    }
    this.#works()
    this.#arrivals.take({ place: this.#journal.known(placed), group, own: { ticket: { group: own }, applied } })
    // Tabs that cannot be told read it from the journal with whatever they hear of next.
    this.#guarded(() => this.deps.tabs.tell({ kind: 'appended', placed }))
  }

  #guarded(act: () => void): void {
    try {
      act()
    } catch (fault) {
      this.deps.onFault(asError(fault))
    }
  }

  #addedBy(companion: Companion, group: Group): Group {
    try {
      return companion.entries(group)
    } catch (fault) {
      this.deps.onFault(new Error('the leader could add nothing to a group', { cause: fault }))
      return []
    }
  }

  /** The term has ended: what was written under it is taken back, the rest goes on without it. */
  #withoutTerm(taken: readonly Waiting[], term: number, fault: Error): readonly Waiting[] {
    if (this.#companion?.term === term) {
      const companion = this.#companion
      this.#companion = null
      this.#guarded(() => companion.fenced())
    }
    for (const { group, ticket, reject } of taken.filter((waiting) => waiting.term !== null)) {
      this.#notices.tell({ shown: this.replica.hide(ticket), settled: [] }, sourceOf(group))
      reject(fault)
    }
    return taken.filter((waiting) => waiting.term === null)
  }

  /** The storage does what it is asked. */
  #works(): void {
    this.#fault = null
    this.#failures = 0
    this.#cancelRetry()
  }

  #failed(fault: Error): void {
    this.#fault = fault
    this.#cancelRetry()
    if (isFinal(fault)) this.#rejectAll(fault)
    else if (!this.#closed) {
      const delayMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** this.#failures++)
      this.#cancelRetry = this.deps.clock.after(delayMs * (1 - this.deps.random.fraction() / 2), () => this.#goOn())
    }
  }

  #rejectAll(fault: Error): void {
    for (const { reject } of this.#queue.takeAll()) reject(fault)
    this.#tellFlushed()
  }

  #tellFlushed(): void {
    const flushWaiters = this.#flushWaiters
    this.#flushWaiters = []
    for (const resolve of flushWaiters) resolve()
  }
}

const sourceOf = (group: Group): ChangeSource => (isOfServer(group) ? 'server' : 'here')

/** Nothing that is tried later would help. */
const isFinal = (fault: Error | null): boolean => isFault(fault, 'newer-format') || isFault(fault, 'in-use')
