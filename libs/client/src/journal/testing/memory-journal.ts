import type { Group, PlacedGroup } from '../entry.js'
import { type Journal, JournalFault, type JournalFaultKind, type Recovered } from '../journal.js'

export type JournalOperation = 'recover' | 'append' | 'readAfter' | 'compact' | 'begin' | 'takeTerm'

type Snapshot = Readonly<{ through: number; bytes: Uint8Array }>

/**
 * What memory journals of one store share, as a disk would: everything in it was acknowledged or about to be, and it
 * survives every {@link MemoryJournal} that is opened on it. Each of those stands for one tab or one process; a crash is
 * to open another and never to use the first again.
 */
export class MemoryJournalFile {
  /** Set it to delay an operation (return a promise) or to make it fail (throw) before anything is done. */
  before: (operation: JournalOperation) => Promise<void> | void = () => undefined
  /** Set it to lose the answer of an operation that was done: throw. */
  after: (operation: JournalOperation) => Promise<void> | void = () => undefined
  /** Told by `recover` once, as what was found broken. */
  damage: string | null = null
  /** Groups as text, so that nobody shares objects through a journal. */
  readonly groups: { place: number; text: string }[] = []
  snapshot: Snapshot | null = null
  term = 0
  lastPlace = 0
  /** Changes when the store is lost. */
  generation = 0

  open(): MemoryJournal {
    return new MemoryJournal(this)
  }

  /** The next such operations, of whichever journal, fail with nothing done. */
  failNext(operation: JournalOperation, kind: JournalFaultKind, times = 1): void {
    let left = times
    const before = this.before
    this.before = (asked) => {
      if (asked !== operation) return before(asked)
      if (--left <= 0) this.before = before
      throw new JournalFault(kind, `injected: ${operation} ${kind}`)
    }
  }

  /** The next such operation is done, and its caller is told that the storage became unavailable. */
  loseAnswerOfNext(operation: JournalOperation): void {
    const after = this.after
    this.after = (done) => {
      if (done !== operation) return after(done)
      this.after = after
      throw new JournalFault('unavailable', `injected: the answer of ${operation} is lost`)
    }
  }

  /** Holds back such operations from now on, before they do anything, until the answer is called. */
  hold(operation: JournalOperation): () => void {
    const before = this.before
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    this.before = async (asked) => {
      await before(asked)
      if (asked === operation) await released
    }
    return () => {
      this.before = before
      release()
    }
  }

  /** As when a browser evicts a store: it is gone for those who have it open, and empty for who opens it next. */
  evict(): void {
    this.groups.length = 0
    this.snapshot = null
    this.term = 0
    this.lastPlace = 0
    this.generation++
  }
}

/** A journal in memory, with every outcome that the real ones have. One call is done after the other. */
export class MemoryJournal implements Journal {
  #grown = 0
  #generation: number | null = null
  #closed = false
  #queue: Promise<unknown> = Promise.resolve()

  constructor(private readonly file: MemoryJournalFile) {}

  get grown(): number {
    return this.#grown
  }

  recover(): Promise<Recovered> {
    return this.#run('recover', () => {
      const { file } = this
      this.#generation = file.generation
      const { snapshot, damage } = file
      file.damage = null
      const groups = this.#after(snapshot?.through ?? 0)
      this.#grown = file.groups.reduce((bytes, { text }) => bytes + text.length, 0)
      return { snapshot: snapshot && { ...snapshot, bytes: snapshot.bytes.slice() }, groups, damage }
    })
  }

  append(group: Group, term: number | null): Promise<number> {
    const text = JSON.stringify(group)
    return this.#run('append', () => {
      this.#checkTerm(term)
      const place = ++this.file.lastPlace
      this.file.groups.push({ place, text })
      this.#grown += text.length
      return place
    })
  }

  readAfter(place: number): Promise<readonly PlacedGroup[]> {
    return this.#run('readAfter', () => {
      const through = this.file.snapshot?.through ?? 0
      if (place < through) throw replaced(place, through)
      return this.#after(place)
    })
  }

  compact(snapshot: Snapshot, term: number | null): Promise<void> {
    const copy = { through: snapshot.through, bytes: snapshot.bytes.slice() }
    return this.#run('compact', () => {
      this.#checkTerm(term)
      const { file } = this
      if (copy.through > file.lastPlace) throw new Error(`snapshot through ${copy.through}, journal ${file.lastPlace}`)
      if (copy.through <= (file.snapshot?.through ?? 0)) return
      file.snapshot = copy
      file.groups.splice(0, file.groups.filter(({ place }) => place <= copy.through).length)
      this.#grown = file.groups.reduce((bytes, { text }) => bytes + text.length, 0)
    })
  }

  begin(snapshot: Snapshot, after = 0): Promise<boolean> {
    const copy = { through: snapshot.through, bytes: snapshot.bytes.slice() }
    return this.#run('begin', () => {
      const { file } = this
      if (file.lastPlace !== after || (after === 0 && file.snapshot !== null)) return false
      file.snapshot = copy
      file.groups.length = 0
      file.lastPlace = copy.through
      this.#grown = 0
      return true
    })
  }

  takeTerm(): Promise<number> {
    return this.#run('takeTerm', () => ++this.file.term)
  }

  async close(): Promise<void> {
    await this.#queue
    this.#closed = true
  }

  #after(place: number): PlacedGroup[] {
    return this.file.groups
      .filter((group) => group.place > place)
      .map(({ place, text }) => ({ place, group: JSON.parse(text) as Group }))
  }

  #checkTerm(term: number | null): void {
    if (term === null || term === this.file.term) return
    throw new JournalFault('fenced', `term ${term} has ended, the journal is at term ${this.file.term}`)
  }

  #run<T>(operation: JournalOperation, act: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new Error(`${operation} of a closed journal`))
    const answer = this.#queue.then(async () => {
      await this.file.before(operation)
      if (operation !== 'recover' && this.#generation === null) throw new Error(`${operation} before recover`)
      if (operation !== 'recover' && this.#generation !== this.file.generation) {
        throw new JournalFault('lost', 'the journal was there and is gone')
      }
      const done = act()
      await this.file.after(operation)
      return done
    })
    this.#queue = answer.catch(() => undefined)
    return answer
  }
}

/**
 * Every journal says this to a tab that slept while a leader compacted: it has to `recover` anew, which it may at any
 * time.
 */
const replaced = (place: number, through: number): JournalFault =>
  new JournalFault('unavailable', `groups after ${place} were replaced by a snapshot through ${through}`)
