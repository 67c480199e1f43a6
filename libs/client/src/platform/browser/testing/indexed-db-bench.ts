import { forceCloseDatabase } from 'fake-indexeddb'
import { groupOf } from '../../../journal/journal.contract.js'
import { SystemClock } from '../../../runtime/clock.js'
import { SystemRandom } from '../../../runtime/random.js'
import { IndexedDbJournal } from '../indexed-db-journal.js'

let stores = 0

/** Journals on one database of the fake browser, whose methods a test replaces until it ends. */
export class IndexedDbBench {
  readonly clock = new SystemClock()
  readonly random = new SystemRandom()
  #name = ''
  readonly #opened: IndexedDbJournal[] = []
  readonly #restores: (() => void)[] = []

  constructor() {
    this.anotherStore()
  }

  get name(): string {
    return this.#name
  }

  /** From here on journals are opened on a database that nobody has. */
  anotherStore(): void {
    this.#name = `store ${++stores}`
  }

  open(): IndexedDbJournal {
    const made = new IndexedDbJournal(this)
    this.#opened.push(made)
    return made
  }

  /** A journal that holds a group for each key. */
  async withGroups(keys: readonly string[]): Promise<IndexedDbJournal> {
    const journal = this.open()
    await journal.recover()
    for (const key of keys) await journal.append(groupOf(key), null)
    return journal
  }

  /** What the next tab to open the store would find. */
  async stored(): Promise<string[]> {
    const journal = this.open()
    const { snapshot, groups } = await journal.recover()
    await journal.close()
    return [
      ...(snapshot ? [`through ${snapshot.through}`] : []),
      ...groups.flatMap(({ group }) =>
        group.map((entry) => (entry.kind === 'edit' ? entry.edits[0]!.key : entry.kind)),
      ),
    ]
  }

  replace<T extends object, K extends keyof T>(on: T, method: K, by: (original: T[K]) => T[K]): void {
    const original = on[method]
    on[method] = by(original)
    this.#restores.push(() => (on[method] = original))
  }

  /**
   * Runs `sabotage` on the n-th transaction from now on, and on `times - 1` more, before anything is asked of it. Returns how many
   * transactions there were so far.
   */
  onTransaction(
    nth: number,
    sabotage: (transaction: IDBTransaction, database: IDBDatabase) => void,
    times = 1,
  ): () => number {
    let count = 0
    this.replace(
      IDBDatabase.prototype,
      'transaction',
      (original) =>
        function (this: IDBDatabase, ...args: Parameters<IDBDatabase['transaction']>) {
          const transaction = original.apply(this, args)
          // The fake itself makes transactions for its upgrades; ours ask for a durability.
          if (!args[2]) return transaction
          count++
          if (count >= nth && count < nth + times) sabotage(transaction, this)
          return transaction
        } as typeof original,
    )
    return () => count
  }

  restore(): void {
    this.#restores.splice(0).forEach((each) => each())
  }

  async end(): Promise<void> {
    this.restore()
    await Promise.all(this.#opened.splice(0).map((each) => each.close()))
  }
}

/** Closed before the transaction is made: it throws InvalidStateError. */
export const close = (_: IDBTransaction, database: IDBDatabase): void => {
  database.close()
  throw new DOMException('the connection is closing', 'InvalidStateError')
}

/** Closed by the browser while the transaction is under way. */
export const force = (_: IDBTransaction, database: IDBDatabase): void =>
  queueMicrotask(() => forceCloseDatabase(database as never))

/** WebKit's words for a storage process that went away. */
export const lost = (): void => {
  throw new DOMException('Connection to Indexed Database server lost. Refresh the page to try again', 'UnknownError')
}

/** The database as it is behind a journal's back. */
export function openedRaw(name: string, version?: number): Promise<IDBDatabase> {
  return new Promise((resolve) => {
    const opening = indexedDB.open(name, version)
    opening.onsuccess = () => resolve(opening.result)
  })
}
