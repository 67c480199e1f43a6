import 'fake-indexeddb/auto'
import { forceCloseDatabase, IDBFactory } from 'fake-indexeddb'
import { faultOf, groupOf, journalContract, snapshotOf, textOf } from '../../journal/journal.contract.js'
import { SystemClock } from '../../runtime/clock.js'
import { SystemRandom } from '../../runtime/random.js'
import { deleteDatabase } from './database.js'
import { IndexedDbJournal } from './indexed-db-journal.js'

const clock = new SystemClock()
const random = new SystemRandom()

describe('IndexedDbJournal', () => {
  let stores = 0
  let name: string
  let journal: IndexedDbJournal
  const opened: IndexedDbJournal[] = []
  const open = (): IndexedDbJournal => {
    const made = new IndexedDbJournal({ name, clock, random })
    opened.push(made)
    return made
  }
  beforeEach(() => {
    name = `store ${++stores}`
  })
  afterEach(async () => {
    restore()
    await Promise.all(opened.splice(0).map((each) => each.close()))
  })

  journalContract(() =>
    Promise.resolve({
      open,
      shared: true,
      lose: () => deleteDatabase(name, clock),
      close: () => Promise.resolve(),
    }),
  )

  /** Replaces a method until the end of the test. */
  const restores: (() => void)[] = []
  const restore = (): void => restores.splice(0).forEach((each) => each())
  function replace<T extends object, K extends keyof T>(on: T, method: K, by: (original: T[K]) => T[K]): void {
    const original = on[method]
    on[method] = by(original)
    restores.push(() => (on[method] = original))
  }

  /** Runs `sabotage` on the n-th transaction from now on, and on `times - 1` more, before anything is asked of it. */
  function onTransaction(
    nth: number,
    sabotage: (transaction: IDBTransaction, database: IDBDatabase) => void,
    times = 1,
  ): () => number {
    let count = 0
    replace(
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

  const withGroups = async (keys: string[]): Promise<void> => {
    journal = open()
    await journal.recover()
    for (const key of keys) await journal.append(groupOf(key), null)
  }
  const keysOf = async (of = open()): Promise<string[]> => {
    const { snapshot, groups } = await of.recover()
    await of.close()
    return [
      ...(snapshot ? [`through ${snapshot.through}`] : []),
      ...groups.flatMap(({ group }) =>
        group.map((entry) => (entry.kind === 'edit' ? entry.edits[0]!.key : entry.kind)),
      ),
    ]
  }

  const quota = (): DOMException => new DOMException('the disk is full', 'QuotaExceededError')

  test('[NC8] a quota that only the abort tells is a fault, and the next append works', async () => {
    await withGroups(['a'])
    onTransaction(1, (transaction) => {
      // As browsers do: requests succeed, and the transaction aborts when it is flushed.
      replace(transaction, 'objectStore', (original) => {
        setImmediate(() => {
          Object.defineProperty(transaction, 'error', { value: quota() })
          transaction.onabort?.(new Event('abort'))
          try {
            transaction.abort()
          } catch {
            // It was over.
          }
        })
        return original
      })
    })
    expect(await faultOf(journal.append(groupOf('b'), null))).toBe('full')
    restore()
    await journal.append(groupOf('c'), null)
    expect(await keysOf()).toEqual(expect.arrayContaining(['a', 'c']))
  })

  test('[NC8] a transaction that is aborted without any error is done again', async () => {
    await withGroups(['a'])
    onTransaction(1, (transaction) => queueMicrotask(() => transaction.abort()))
    expect(await journal.append(groupOf('b'), null)).toBe(2)
    expect(await keysOf()).toEqual(['a', 'b'])
  })

  test('[NC7] an append whose group got in although the connection was lost is not appended twice', async () => {
    await withGroups(['a'])
    onTransaction(1, (transaction, database) => {
      // Whoever waits for the end of the transaction hears of a closed connection instead.
      Object.defineProperty(transaction, 'oncomplete', { set: () => undefined })
      transaction.addEventListener('complete', () => forceCloseDatabase(database as never))
    })
    expect(await journal.append(groupOf('b'), null)).toBe(2)
    expect(await keysOf()).toEqual(['a', 'b'])
  })

  test('[NC7] a connection that is closed before any transaction of any call is opened anew, and nothing is lost', async () => {
    const calls = async (): Promise<void> => {
      await withGroups(['a', 'b'])
      const term = await journal.takeTerm()
      await journal.append(groupOf('c'), term)
      await journal.compact(snapshotOf(2, 100_000), term)
      await journal.append(groupOf('d'), term)
      await journal.readAfter(2)
      await journal.recover()
    }
    const counted = onTransaction(Infinity, () => undefined)
    await calls()
    const transactions = counted()
    restore()
    expect(transactions).toBeGreaterThan(8)
    for (let nth = 1; nth <= transactions; nth++) {
      for (const cut of [close, force, lost]) {
        name = `store ${++stores}`
        onTransaction(nth, cut)
        await calls()
        restore()
        expect(await keysOf()).toEqual(['through 2', 'c', 'd'])
      }
    }
  })

  /** Closed before the transaction is made: it throws InvalidStateError. */
  const close = (_: IDBTransaction, database: IDBDatabase): void => {
    database.close()
    throw new DOMException('the connection is closing', 'InvalidStateError')
  }
  const force = (_: IDBTransaction, database: IDBDatabase): void =>
    queueMicrotask(() => forceCloseDatabase(database as never))
  /** WebKit's words for a storage process that went away. */
  const lost = (): void => {
    throw new DOMException('Connection to Indexed Database server lost. Refresh the page to try again', 'UnknownError')
  }

  test('[NC7] a connection that cannot be had again is an honest fault, after one more try', async () => {
    await withGroups(['a'])
    const tries = onTransaction(1, close, Infinity)
    expect(await faultOf(journal.append(groupOf('b'), null))).toBe('unavailable')
    expect(tries()).toBe(2)
    restore()
    expect(await journal.append(groupOf('c'), null)).toBe(2)
  })

  test('[NC8] a database that never opens is a fault', async () => {
    const late: (() => void)[] = []
    const impatient = {
      ...clock,
      now: () => 0,
      elapsed: () => 0,
      after: (_: number, work: () => void) => (late.push(work), () => undefined),
    }
    replace(indexedDB, 'open', () => () => ({}) as IDBOpenDBRequest)
    const recovering = faultOf(new IndexedDbJournal({ name, clock: impatient, random }).recover())
    late.shift()!()
    await new Promise(setImmediate)
    late.shift()!()
    expect(await recovering).toBe('unavailable')
  })

  test('[NC9] a store that was evicted is lost, whether or not somebody has made it anew', async () => {
    await withGroups(['a'])
    const other = open()
    await other.recover()
    await deleteDatabase(name, clock)
    expect(await faultOf(journal.append(groupOf('b'), null))).toBe('lost')
    expect((await indexedDB.databases()).map((each) => each.name)).not.toContain(name)
    expect(await keysOf()).toEqual([])
    expect(await faultOf(other.append(groupOf('b'), null))).toBe('lost')
    expect(await faultOf(other.readAfter(0))).toBe('lost')
    expect(await keysOf()).toEqual([])
  })

  test('[NC9] all that a browser keeps may go at once', async () => {
    await withGroups(['a'])
    const kept = globalThis.indexedDB
    globalThis.indexedDB = new IDBFactory()
    onTransaction(1, close)
    expect(await faultOf(journal.append(groupOf('b'), null))).toBe('lost')
    globalThis.indexedDB = kept
  })

  test('[NC16] a store is emptied even while another tab that does not let go has it open', async () => {
    await withGroups(['a'])
    const stubborn = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open(name)
      opening.onsuccess = () => resolve(opening.result)
    })
    await deleteDatabase(name, clock)
    stubborn.close()
    expect(await faultOf(journal.append(groupOf('b'), null))).toBe('lost')
  })

  test('[NC6] a database of a newer version is refused, and nothing in it is touched', async () => {
    await withGroups(['a'])
    await journal.close()
    const upgraded = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open(name, 2)
      opening.onsuccess = () => resolve(opening.result)
    })
    upgraded.close()
    expect(await faultOf(open().recover())).toBe('newer-format')
  })

  test('[NC6] a newer format is refused by every call, and nothing is touched', async () => {
    await withGroups(['a', 'b'])
    await new Promise<void>((resolve) => {
      const opening = indexedDB.open(name)
      opening.onsuccess = () => {
        const transaction = opening.result.transaction(['meta'], 'readwrite')
        const getting = transaction.objectStore('meta').get('meta')
        getting.onsuccess = () => transaction.objectStore('meta').put({ ...getting.result, format: 2 }, 'meta')
        transaction.oncomplete = () => {
          opening.result.close()
          resolve()
        }
      }
    })
    expect(await faultOf(open().recover())).toBe('newer-format')
    expect(await faultOf(journal.append(groupOf('c'), null))).toBe('newer-format')
    expect(await faultOf(journal.compact(snapshotOf(1), null))).toBe('newer-format')
    expect(await faultOf(journal.takeTerm())).toBe('newer-format')
  })

  test('[NC4] a compaction that dies before any of its transactions leaves a readable journal', async () => {
    for (let nth = 1; nth <= 4; nth++) {
      name = `store ${++stores}`
      await withGroups(['a', 'b', 'c'])
      onTransaction(nth, lost, Infinity)
      expect(await faultOf(journal.compact(snapshotOf(2, 150_000), null))).toBe('unavailable')
      restore()
      expect(await keysOf()).toEqual(['a', 'b', 'c'])
      await journal.compact(snapshotOf(3, 70_000), null)
      const { snapshot } = await open().recover()
      expect(textOf(snapshot)).toBe(textOf(snapshotOf(3, 70_000)))
      expect(await piecesIn(name)).toBe(2)
    }
  })

  test('[NC4] snapshots that are written at once do not mix', async () => {
    await withGroups(['a', 'b', 'c'])
    const other = open()
    await other.recover()
    await Promise.all([journal.compact(snapshotOf(3, 200_000), null), other.compact(snapshotOf(2, 130_000), null)])
    const { snapshot } = await open().recover()
    expect(textOf(snapshot)).toBe(textOf(snapshotOf(3, 200_000)))
    expect(await piecesIn(name)).toBe(4)
  })

  test('[NC4] a snapshot whose pieces went because another one was faster is not put in the stead of anything', async () => {
    await withGroups(['a', 'b', 'c'])
    const other = open()
    await other.recover()
    // The slow one loses its connection before its last step, and gets another one when the fast one is done.
    let fastIsDone = (): void => undefined
    const gate = new Promise<void>((resolve) => (fastIsDone = resolve))
    let cuts = 0
    onTransaction(4, () => {
      cuts++
      throw new DOMException('the connection is closing', 'InvalidStateError')
    })
    replace(indexedDB, 'open', (original) => (...args) => {
      const opening = original.apply(indexedDB, args)
      Object.defineProperty(opening, 'onsuccess', {
        set: (handler: () => void) => opening.addEventListener('success', () => void gate.then(handler)),
      })
      return opening
    })
    const slow = journal.compact(snapshotOf(3), null)
    while (cuts === 0) await new Promise(setImmediate)
    await other.compact(snapshotOf(2), null)
    fastIsDone()
    await slow
    restore()
    expect(await open().recover()).toEqual({
      snapshot: snapshotOf(2),
      groups: [{ place: 3, group: groupOf('c') }],
      damage: null,
    })
  })

  test('[NC21] a snapshot that is broken is told and left out, and the groups behind it stay at their places', async () => {
    await withGroups(['a', 'b', 'c'])
    await journal.compact(snapshotOf(2, 100_000), null)
    await new Promise<void>((resolve) => {
      const opening = indexedDB.open(name)
      opening.onsuccess = () => {
        const transaction = opening.result.transaction(['snapshots'], 'readwrite')
        transaction.objectStore('snapshots').put(new Uint8Array(10), [1, 1])
        transaction.oncomplete = () => resolve(opening.result.close())
      }
    })
    const again = open()
    expect(await again.recover()).toEqual({
      snapshot: null,
      groups: [
        { place: 1, group: [] },
        { place: 2, group: [] },
        { place: 3, group: groupOf('c') },
      ],
      damage: expect.stringContaining('through 2'),
    })
    expect(await again.append(groupOf('d'), null)).toBe(4)
  })

  test('[NC1] appends ask the browser for strict durability', async () => {
    await withGroups([])
    const asked: unknown[] = []
    replace(
      IDBDatabase.prototype,
      'transaction',
      (original) =>
        function (this: IDBDatabase, ...args: Parameters<IDBDatabase['transaction']>) {
          asked.push(args[2])
          return original.apply(this, args)
        } as typeof original,
    )
    await journal.append(groupOf('a'), null)
    expect(asked).toEqual([{ durability: 'strict' }])
  })
})

function piecesIn(name: string): Promise<number> {
  return new Promise((resolve) => {
    const opening = indexedDB.open(name)
    opening.onsuccess = () => {
      const counting = opening.result.transaction(['snapshots']).objectStore('snapshots').count()
      counting.onsuccess = () => {
        opening.result.close()
        resolve(counting.result)
      }
    }
  })
}
