import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { faultOf, groupOf, journalContract, snapshotOf } from '../../journal/journal.contract.js'
import { deleteDatabase } from './database.js'
import { close, IndexedDbBench, openedRaw } from './testing/indexed-db-bench.js'

let bench: IndexedDbBench
beforeEach(() => {
  bench = new IndexedDbBench()
})
afterEach(() => bench.end())

describe('IndexedDbJournal', () => {
  journalContract(() =>
    Promise.resolve({
      open: () => bench.open(),
      shared: true,
      lose: () => deleteDatabase(bench.name, bench.clock),
      close: () => Promise.resolve(),
    }),
  )
})

test('[NC9] a store that was evicted is lost, whether or not somebody has made it anew', async () => {
  const journal = await bench.withGroups(['a'])
  const other = bench.open()
  await other.recover()
  await deleteDatabase(bench.name, bench.clock)
  expect(await faultOf(journal.append(groupOf('b'), null))).toBe('lost')
  expect((await indexedDB.databases()).map((each) => each.name)).not.toContain(bench.name)
  expect(await bench.stored()).toEqual([])
  expect(await faultOf(other.append(groupOf('b'), null))).toBe('lost')
  expect(await faultOf(other.readAfter(0))).toBe('lost')
  expect(await bench.stored()).toEqual([])
})

test('[NC9] all that a browser keeps may go at once', async () => {
  const journal = await bench.withGroups(['a'])
  const kept = globalThis.indexedDB
  globalThis.indexedDB = new IDBFactory()
  bench.onTransaction(1, close)
  expect(await faultOf(journal.append(groupOf('b'), null))).toBe('lost')
  globalThis.indexedDB = kept
})

test('[NC16] a store is emptied even while another tab that does not let go has it open', async () => {
  const journal = await bench.withGroups(['a'])
  const stubborn = await openedRaw(bench.name)
  await deleteDatabase(bench.name, bench.clock)
  stubborn.close()
  expect(await faultOf(journal.append(groupOf('b'), null))).toBe('lost')
})

test('[NC6] a database of a newer version is refused, and nothing in it is touched', async () => {
  const journal = await bench.withGroups(['a'])
  await journal.close()
  const upgraded = await openedRaw(bench.name, 2)
  upgraded.close()
  expect(await faultOf(bench.open().recover())).toBe('newer-format')
})

test('[NC6] a newer format is refused by every call, and nothing is touched', async () => {
  const journal = await bench.withGroups(['a', 'b'])
  const database = await openedRaw(bench.name)
  await new Promise((resolve) => {
    const transaction = database.transaction(['meta'], 'readwrite')
    const getting = transaction.objectStore('meta').get('meta')
    getting.onsuccess = () => transaction.objectStore('meta').put({ ...getting.result, format: 2 }, 'meta')
    transaction.oncomplete = resolve
  })
  database.close()
  expect(await faultOf(bench.open().recover())).toBe('newer-format')
  expect(await faultOf(journal.append(groupOf('c'), null))).toBe('newer-format')
  expect(await faultOf(journal.compact(snapshotOf(1), null))).toBe('newer-format')
  expect(await faultOf(journal.takeTerm())).toBe('newer-format')
})

test('[NC1] appends ask the browser for strict durability', async () => {
  const journal = await bench.withGroups([])
  const asked: unknown[] = []
  bench.replace(
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
