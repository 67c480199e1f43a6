import 'fake-indexeddb/auto'
import type { Group } from '../journal/entry.js'
import type { Journal } from '../journal/journal.js'
import { MemoryJournalFile } from '../journal/testing/memory-journal.js'
import { deleteDatabase } from '../platform/browser/database.js'
import { IndexedDbJournal } from '../platform/browser/indexed-db-journal.js'
import { accepted, answer, batch, PREFS, put, record, snapshot } from '../replica/testing/entries.js'
import { sql } from '../replica/testing/sql.js'
import { SystemClock } from '../runtime/clock.js'
import { SystemRandom } from '../runtime/random.js'
import { MemoryTabs } from '../tabs/testing/memory-tabs.js'
import { JournaledStore } from './journaled-store.js'
import { entriesOf, quiet, StoreBench } from './testing/store-bench.js'

/** Whatever a tab shows is what the others show, and what a tab that is opened next finds. */
const agree = async (bench: StoreBench, ...stores: readonly JournaledStore[]): Promise<Record<string, string>> => {
  await quiet()
  const next = await bench.open()
  for (const store of stores) {
    expect(entriesOf(store)).toEqual(entriesOf(next))
    expect(store.replica.pending(PREFS)).toEqual(next.replica.pending(PREFS))
    expect(store.replica.device).toBe(next.replica.device)
    expect(store.replica.place).toBe(next.replica.place)
  }
  return entriesOf(next)
}

/** A tab that has saved something, whose journal is gone, and one that was opened on nothing and has saved something too. */
const evicted = async (old: readonly Group[], young: readonly Group[]) => {
  const bench = new StoreBench(sql)
  const before = await bench.open()
  for (const group of old) await before.write(group)
  bench.file.evict()
  const after = await bench.open()
  for (const group of young) await after.write(group)
  await quiet()
  return { bench, before, after }
}

describe('a journal that was lost, and begun by a tab that knew nothing of it', () => {
  test('[NC24] [ND18] is written anew with what that tab has saved', async () => {
    const { bench, before, after } = await evicted([[put('a', 'old')], [put('b', 'old')]], [[put('c', 'young')]])
    await before.write([put('d', 'late')])
    expect(await agree(bench, before)).toEqual({ a: 'old', b: 'old', c: 'young', d: 'late' })
    expect(await agree(bench, before, after)).toEqual({ a: 'old', b: 'old', c: 'young', d: 'late' })
    await after.write([put('c', 'later')])
    await before.write([put('a', 'later')])
    expect(await agree(bench, before, after)).toEqual({ a: 'later', b: 'old', c: 'later', d: 'late' })
    expect(before.trouble ?? after.trouble).toBeNull()
  })

  test('[NC24] what was written last stays, of keys that both have written', async () => {
    const { bench, before, after } = await evicted([[put('a', 'old'), put('b', 'old')]], [[put('a', 'young')]])
    await before.write([put('b', 'late')])
    expect(await agree(bench, before, after)).toEqual({ a: 'young', b: 'late' })
  })

  test('[NC24] however many places it has got to by then', async () => {
    const young = Array.from({ length: 40 }, (_, at) => [put(`young ${at}`, `${at}`)])
    const { bench, before, after } = await evicted([[put('a', 'old')]], young)
    await before.write([put('b', 'late')])
    const all = await agree(bench, before, after)
    expect(Object.keys(all)).toHaveLength(42)
    expect(all).toMatchObject({ a: 'old', b: 'late', 'young 0': '0', 'young 39': '39' })
    // Writes that the younger tab waits for stand behind where they stood.
    const young40 = after.replica.pending(PREFS).filter(({ key }) => key.startsWith('young'))
    expect(Math.min(...young40.map(({ place }) => place))).toBeGreaterThan(40)
  })

  test('[NC24] also where that tab has compacted it', async () => {
    const { bench, before, after } = await evicted([[put('a', 'old')]], [[put('big', 'x'.repeat(1_100_000))]])
    await after.compactIfDue(await after.takeTerm())
    expect(bench.file.snapshot).not.toBeNull()
    await after.write([put('big', 'small')])
    await before.write([put('b', 'late')])
    expect(await agree(bench, before, after)).toEqual({ a: 'old', big: 'small', b: 'late' })
  })

  test('[NC24] also what is appended while it is being written anew', async () => {
    const { bench, before, after } = await evicted([[put('a', 'old')]], [[put('b', 'young')]])
    let meanwhile = 3
    bench.file.before = async (operation) => {
      if (operation === 'begin' && meanwhile-- > 0) await after.write([put(`young ${meanwhile}`, 'x')])
    }
    await before.write([put('c', 'late')])
    expect(await agree(bench, before, after)).toEqual({
      ...{ a: 'old', b: 'young', c: 'late' },
      ...{ 'young 0': 'x', 'young 1': 'x', 'young 2': 'x' },
    })
  })

  test('[NC24] also where the storage fails once in the middle', async () => {
    const { bench, before, after } = await evicted([[put('a', 'old')]], [[put('b', 'young')]])
    bench.file.failNext('begin', 'full')
    const saved = before.write([put('c', 'late')])
    await quiet()
    expect(before.trouble).toContain('full')
    await after.write([put('b', 'younger')])
    bench.clock.advance(250)
    await saved
    expect(await agree(bench, before, after)).toEqual({ a: 'old', b: 'younger', c: 'late' })
  })

  test('[NC24] other tabs that had it open before find what they know in it, and begin nothing again', async () => {
    const bench = new StoreBench(sql)
    const tabs = [await bench.open(), await bench.open(), await bench.open()]
    await tabs[0]!.write([put('a', 'old')])
    await quiet()
    bench.file.evict()
    const young = await bench.open()
    await young.write([put('b', 'young')])
    let begun = 0
    bench.file.after = (operation) => void (begun += operation === 'begin' ? 1 : 0)
    await tabs[0]!.write([put('c', 'late')])
    await quiet()
    await tabs[1]!.write([put('d', 'late')])
    expect(await agree(bench, young, ...tabs)).toEqual({ a: 'old', b: 'young', c: 'late', d: 'late' })
    expect(begun).toBe(1)
  })

  test('[NC24] batches that either had sent go out again under another device, and answers to them settle nothing', async () => {
    const { bench, before, after } = await evicted(
      [[answer(snapshot(3, [record('a', 'server', 3)]))], [put('a', 'old', 3)], [batch(1, 'a')]],
      [[put('b', 'young')], [batch(1, 'b')]],
    )
    const devices = [before.replica.device, after.replica.device]
    await before.write([put('c', 'late')])
    await after.write([answer(null, [1, accepted(4)])])
    expect(await agree(bench, before, after)).toEqual({ a: 'old', b: 'young', c: 'late' })
    expect(devices).not.toContain(before.replica.device)
    expect(before.replica.flight(PREFS)).toBeNull()
    expect(before.replica.sendable(PREFS).map(({ key }) => key)).toEqual(['a', 'b', 'c'])
    expect(before.replica.nextNumber).toBe(1)
  })
})

describe('in every journal that tabs share', () => {
  const clock = new SystemClock()
  const random = new SystemRandom()
  const inMemory = (file = new MemoryJournalFile()) => ({
    journal: (): Journal => file.open(),
    evict: () => Promise.resolve(file.evict()),
  })
  const inIndexedDb = (name = `evicted ${random.uuid()}`) => ({
    journal: (): Journal => new IndexedDbJournal({ name, clock, random }),
    evict: () => deleteDatabase(name, clock),
  })

  test.each([
    ['in memory', inMemory],
    ['in IndexedDB', inIndexedDb],
  ])('[NC24] [ND18] %s nothing that a tab saved is dropped by one that writes its own anew', async (_, at) => {
    const { journal, evict } = at()
    const tabs = new MemoryTabs()
    const faults: Error[] = []
    const open = (): Promise<JournaledStore> =>
      JournaledStore.open({
        ...{ journal: journal(), tabs: tabs.open(), sql, clock, random },
        onFault: (fault) => faults.push(fault),
      })
    const before = await open()
    await before.write([put('a', 'old')])
    await evict()
    const after = await open()
    await after.write([put('b', 'young')])
    // Both at once, and whichever of their transactions is first.
    await Promise.all([
      ...Array.from({ length: 5 }, (_, n) => after.write([put(`young ${n}`, 'x')])),
      ...Array.from({ length: 5 }, (_, n) => before.write([put(`late ${n}`, 'x')])),
    ])
    await after.write([put('last', 'x')])
    const all = ['a', 'b', 'last', ...[0, 1, 2, 3, 4].flatMap((n) => [`late ${n}`, `young ${n}`])].sort()
    expect(Object.keys(entriesOf(after))).toEqual(all)
    const next = await open()
    expect(Object.keys(entriesOf(next))).toEqual(all)
    expect(next.replica.device).toBe(after.replica.device)
    expect(faults).toMatchObject([{ kind: 'lost' }])
    for (const store of [before, after, next]) await store.close()
  })
})
