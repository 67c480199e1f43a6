import { JournalFault } from '../journal/journal.js'
import { answer, batch, edit, PREFS, put, record, snapshot } from '../replica/testing/entries.js'
import { sql } from '../replica/testing/sql.js'
import type { JournaledStore } from './journaled-store.js'
import { entriesOf, quiet, settlementOf, StoreBench } from './testing/store-bench.js'

/** Two tabs that know of one edit, and whose journal is gone. */
async function twoTabsWithoutJournal() {
  const bench = new StoreBench(sql)
  const one = await bench.open()
  const other = await bench.open()
  await one.write([put('a', '1')])
  await quiet()
  bench.file.evict()
  return { bench, one, other }
}

describe('a journal that is lost while in use', () => {
  test('[ND18] is written anew from memory, and the write that met it is saved', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    await store.write([put('a', '1')])
    await store.write([put('b', '2')])
    bench.file.evict()
    const place = await store.write([put('c', '3')])
    expect(place).toBeGreaterThan(3)
    expect(store.trouble).toBeNull()
    expect(bench.faults).toMatchObject([{ kind: 'lost' }])
    await store.write([put('c', '4')])
    const again = await bench.open()
    expect(entriesOf(again)).toEqual({ a: '1', b: '2', c: '4' })
    expect(again.replica.device).toBe(store.replica.device)
    expect(again.replica.place).toBe(store.replica.place)
    await again.write([put('d', '5')])
    await quiet()
    expect(entriesOf(store)).toEqual(entriesOf(again))
  })

  test('[ND18] two tabs end up with one journal', async () => {
    const { bench, one, other } = await twoTabsWithoutJournal()
    await one.write([put('b', '2')])
    await other.write([put('c', '3')])
    await quiet()
    await one.write([put('d', '4')])
    await quiet()
    expect(entriesOf(one)).toEqual({ a: '1', b: '2', c: '3', d: '4' })
    expect(entriesOf(other)).toEqual(entriesOf(one))
    expect(entriesOf(await bench.open())).toEqual(entriesOf(one))
  })

  test('[ND18] tabs that find it gone at the same moment know its places alike', async () => {
    const { bench, one, other } = await twoTabsWithoutJournal()
    // Both see an empty journal before either writes anything.
    const release = bench.file.hold('begin')
    const both = Promise.all([one.write([put('b', '2')]), other.write([put('c', '3')])])
    await quiet()
    release()
    await both
    await quiet()
    await one.write([put('d', '4')])
    await quiet()
    const placesOf = (store: JournaledStore) => store.replica.pending(PREFS).map(({ key, place }) => [key, place])
    expect(entriesOf(one)).toEqual({ a: '1', b: '2', c: '3', d: '4' })
    expect(placesOf(other)).toEqual(placesOf(one))
    expect(placesOf(await bench.open())).toEqual(placesOf(one))
  })

  test('[ND18] keeps its edits in memory while it cannot be written anew either', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    await store.write([put('a', '1')])
    bench.file.evict()
    bench.file.failNext('recover', 'unavailable', 2)
    const saved = store.write([put('b', '2')])
    await quiet()
    expect(store.trouble).toContain('unavailable')
    bench.clock.advance(250)
    await quiet()
    bench.clock.advance(1_000)
    await saved
    expect(entriesOf(await bench.open())).toEqual({ a: '1', b: '2' })
  })
})

test('[ND18] nothing is saved to a journal that is only half written anew', async () => {
  const bench = new StoreBench(sql)
  const store = await bench.open()
  await store.write([put('a', '1')])
  bench.file.evict()
  bench.file.failNext('begin', 'full', 2)
  const saved = store.write([put('b', '2')])
  const state = settlementOf(saved)
  await quiet()
  bench.clock.advance(250)
  await quiet()
  expect(state.done).toBe(false)
  expect(store.trouble).toContain('full')
  bench.clock.advance(1_000)
  await saved
  expect(store.trouble).toBeNull()
  expect(entriesOf(await bench.open())).toEqual({ a: '1', b: '2' })
})

describe('a damaged store', () => {
  const damagedSnapshot = async (): Promise<{ bench: StoreBench; store: JournaledStore }> => {
    const bench = new StoreBench(sql)
    const before = await bench.open()
    const term = await before.takeTerm()
    await before.write([answer(snapshot(5, [record('a', 'server', 5)])), put('big', 'x'.repeat(1_100_000))])
    await before.compactIfDue(term)
    await before.write([edit('b', 'pending')].map((one) => ({ kind: 'edit', dataset: PREFS, edits: [one] })))
    await before.close()
    bench.file.snapshot!.bytes.fill(7, 100)
    return { bench, store: await bench.open() }
  }

  test('[ND19] an unreadable snapshot is reported, later edits are kept, and the server is asked for everything', async () => {
    const { bench, store } = await damagedSnapshot()
    expect(bench.faults.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^the local store was damaged: the snapshot through place 2 cannot be read/),
    ])
    expect(entriesOf(store)).toEqual({ b: 'pending' })
    expect(store.replica.standing(PREFS)).toEqual({ epoch: 0, since: 0 })
    expect(store.replica.device).toBe('device 2')
    await store.write([answer(snapshot(6, [record('a', 'server', 5)]))])
    expect(entriesOf(store)).toEqual({ a: 'server', b: 'pending' })
    expect(store.replica.sendable(PREFS)).toMatchObject([{ key: 'b' }])
    bench.faults.length = 0
    expect(entriesOf(await bench.open())).toEqual(entriesOf(store))
    expect(bench.faults).toEqual([])
  })

  test('[ND19] after groups were lost in the middle, what is held is shown and the server is asked for everything', async () => {
    const bench = new StoreBench(sql)
    const before = await bench.open()
    await before.write([answer(snapshot(5, [record('a', 'server', 5)]))])
    await before.write([put('a', 'mine', 5), batch(1, 'a')])
    await before.close()
    bench.file.damage = 'bytes 1 to 2 are broken'
    const store = await bench.open()
    expect(entriesOf(store)).toEqual({ a: 'mine' })
    expect(store.replica.standing(PREFS)).toEqual({ epoch: 0, since: 0 })
    expect(store.replica.device).toBe('device 2')
    expect(store.replica.sendable(PREFS)).toMatchObject([{ key: 'a', value: 'mine' }])
    expect(bench.faults).toHaveLength(1)
  })

  test('[ND22] a snapshot of a newer format is refused, and nothing is touched', async () => {
    const bench = new StoreBench(sql)
    const before = await bench.open()
    await before.write([put('a', '1')])
    const database = new sql.Database(before.replica.snapshot())
    database.exec('PRAGMA user_version = 9')
    bench.file.snapshot = { through: 2, bytes: database.export() }
    const groups = bench.groups
    await expect(bench.open()).rejects.toMatchObject({ kind: 'newer-format' })
    expect(bench.groups).toEqual(groups)
  })

  test('a journal that cannot be recovered rejects with its fault', async () => {
    const bench = new StoreBench(sql)
    bench.file.failNext('recover', 'in-use')
    await expect(bench.open()).rejects.toBeInstanceOf(JournalFault)
  })

  test('a new store on a full disk opens, and says so', async () => {
    const bench = new StoreBench(sql)
    bench.file.failNext('append', 'full')
    const store = await bench.open()
    expect(store.trouble).toContain('full')
    await store.write([put('a', '1')])
    expect(store.replica.device).toBe('device 1')
  })
})
