import 'fake-indexeddb/auto'
import { faultOf, groupOf, snapshotOf, textOf } from '../../journal/journal.contract.js'
import { IndexedDbBench, lost, openedRaw } from './testing/indexed-db-bench.js'

let bench: IndexedDbBench
beforeEach(() => {
  bench = new IndexedDbBench()
})
afterEach(() => bench.end())

/** Two tabs' journals of one store, which holds three groups. */
async function twoOfOne() {
  const journal = await bench.withGroups(['a', 'b', 'c'])
  const other = bench.open()
  await other.recover()
  return { journal, other }
}

test('[NC4] a compaction that dies before any of its transactions leaves a readable journal', async () => {
  for (let nth = 1; nth <= 4; nth++) {
    bench.anotherStore()
    const journal = await bench.withGroups(['a', 'b', 'c'])
    bench.onTransaction(nth, lost, Infinity)
    expect(await faultOf(journal.compact(snapshotOf(2, 150_000), null))).toBe('unavailable')
    bench.restore()
    expect(await bench.stored()).toEqual(['a', 'b', 'c'])
    await journal.compact(snapshotOf(3, 70_000), null)
    const { snapshot } = await bench.open().recover()
    expect(textOf(snapshot)).toBe(textOf(snapshotOf(3, 70_000)))
    expect(await piecesIn(bench.name)).toBe(2)
  }
})

test('[NC4] snapshots that are written at once do not mix', async () => {
  const { journal, other } = await twoOfOne()
  await Promise.all([journal.compact(snapshotOf(3, 200_000), null), other.compact(snapshotOf(2, 130_000), null)])
  const { snapshot } = await bench.open().recover()
  expect(textOf(snapshot)).toBe(textOf(snapshotOf(3, 200_000)))
  expect(await piecesIn(bench.name)).toBe(4)
})

test('[NC4] a snapshot whose pieces went because another one was faster is not put in the stead of anything', async () => {
  const { journal, other } = await twoOfOne()
  // The slow one loses its connection before its last step, and gets another one when the fast one is done.
  let fastIsDone = (): void => undefined
  const gate = new Promise<void>((resolve) => (fastIsDone = resolve))
  let cuts = 0
  bench.onTransaction(4, () => {
    cuts++
    throw new DOMException('the connection is closing', 'InvalidStateError')
  })
  bench.replace(indexedDB, 'open', (original) => (...args) => {
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
  bench.restore()
  expect(await bench.open().recover()).toEqual({
    snapshot: snapshotOf(2),
    groups: [{ place: 3, group: groupOf('c') }],
    damage: null,
  })
})

test('[NC24] of what a journal held before it began anew nothing stays behind', async () => {
  const journal = await bench.withGroups(['a', 'b'])
  await journal.compact(snapshotOf(2, 200_000), null)
  expect(await journal.begin(snapshotOf(3, 70_000), 1)).toBe(false)
  expect(await piecesIn(bench.name)).toBe(4)
  expect(await journal.begin(snapshotOf(3, 70_000), 2)).toBe(true)
  expect(await piecesIn(bench.name)).toBe(2)
})

test('[NC21] a snapshot that is broken is told and left out, and the groups behind it stay at their places', async () => {
  const journal = await bench.withGroups(['a', 'b', 'c'])
  await journal.compact(snapshotOf(2, 100_000), null)
  const database = await openedRaw(bench.name)
  await new Promise((resolve) => {
    const transaction = database.transaction(['snapshots'], 'readwrite')
    transaction.objectStore('snapshots').put(new Uint8Array(10), [1, 1])
    transaction.oncomplete = resolve
  })
  database.close()
  const again = bench.open()
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

async function piecesIn(name: string): Promise<number> {
  const database = await openedRaw(name)
  const count = await new Promise<number>((resolve) => {
    const counting = database.transaction(['snapshots']).objectStore('snapshots').count()
    counting.onsuccess = () => resolve(counting.result)
  })
  database.close()
  return count
}
