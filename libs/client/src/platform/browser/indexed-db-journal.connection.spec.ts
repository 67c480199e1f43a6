import 'fake-indexeddb/auto'
import { forceCloseDatabase } from 'fake-indexeddb'
import { faultOf, groupOf, snapshotOf } from '../../journal/journal.contract.js'
import { IndexedDbJournal } from './indexed-db-journal.js'
import { close, force, IndexedDbBench, lost } from './testing/indexed-db-bench.js'

let bench: IndexedDbBench
beforeEach(() => {
  bench = new IndexedDbBench()
})
afterEach(() => bench.end())

const quota = (): DOMException => new DOMException('the disk is full', 'QuotaExceededError')

test('[NC8] a quota that only the abort tells is a fault, and the next append works', async () => {
  const journal = await bench.withGroups(['a'])
  bench.onTransaction(1, (transaction) => {
    // As browsers do: requests succeed, and the transaction aborts when it is flushed.
    bench.replace(transaction, 'objectStore', (original) => {
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
  bench.restore()
  await journal.append(groupOf('c'), null)
  expect(await bench.stored()).toEqual(expect.arrayContaining(['a', 'c']))
})

test('[NC8] a transaction that is aborted without any error is done again', async () => {
  const journal = await bench.withGroups(['a'])
  bench.onTransaction(1, (transaction) => queueMicrotask(() => transaction.abort()))
  expect(await journal.append(groupOf('b'), null)).toBe(2)
  expect(await bench.stored()).toEqual(['a', 'b'])
})

test('[NC7] an append whose group got in although the connection was lost is not appended twice', async () => {
  const journal = await bench.withGroups(['a'])
  bench.onTransaction(1, (transaction, database) => {
    // Whoever waits for the end of the transaction hears of a closed connection instead.
    Object.defineProperty(transaction, 'oncomplete', { set: () => undefined })
    transaction.addEventListener('complete', () => forceCloseDatabase(database as never))
  })
  expect(await journal.append(groupOf('b'), null)).toBe(2)
  expect(await bench.stored()).toEqual(['a', 'b'])
})

test('[NC7] a connection that is closed before any transaction of any call is opened anew, and nothing is lost', async () => {
  const calls = async (): Promise<void> => {
    const journal = await bench.withGroups(['a', 'b'])
    const term = await journal.takeTerm()
    await journal.append(groupOf('c'), term)
    await journal.compact(snapshotOf(2, 100_000), term)
    await journal.append(groupOf('d'), term)
    await journal.readAfter(2)
    await journal.recover()
  }
  const begins = async (): Promise<void> => {
    const journal = await bench.withGroups([])
    expect(await journal.begin(snapshotOf(2, 100_000))).toBe(true)
    for (const key of ['c', 'd']) await journal.append(groupOf(key), null)
  }
  for (const [does, transactionsMin] of [
    [calls, 8],
    [begins, 6],
  ] as const) {
    bench.anotherStore()
    const counted = bench.onTransaction(Infinity, () => undefined)
    await does()
    const transactions = counted()
    bench.restore()
    expect(transactions).toBeGreaterThan(transactionsMin)
    for (let nth = 1; nth <= transactions; nth++) {
      for (const cut of [close, force, lost]) {
        bench.anotherStore()
        bench.onTransaction(nth, cut)
        await does()
        bench.restore()
        expect(await bench.stored()).toEqual(['through 2', 'c', 'd'])
      }
    }
  }
})

test('[NC7] a connection that cannot be had again is an honest fault, after one more try', async () => {
  const journal = await bench.withGroups(['a'])
  const tries = bench.onTransaction(1, close, Infinity)
  expect(await faultOf(journal.append(groupOf('b'), null))).toBe('unavailable')
  expect(tries()).toBe(2)
  bench.restore()
  expect(await journal.append(groupOf('c'), null)).toBe(2)
})

test('[NC8] a database that never opens is a fault', async () => {
  const late: (() => void)[] = []
  const impatient = {
    ...bench.clock,
    now: () => 0,
    elapsed: () => 0,
    after: (_: number, work: () => void) => (late.push(work), () => undefined),
  }
  bench.replace(indexedDB, 'open', () => () => ({}) as IDBOpenDBRequest)
  const recovering = faultOf(
    new IndexedDbJournal({ name: bench.name, clock: impatient, random: bench.random }).recover(),
  )
  late.shift()!()
  await new Promise(setImmediate)
  late.shift()!()
  expect(await recovering).toBe('unavailable')
})
