import { accepted, answer, batch, PREFS, put, record, settle, snapshot } from '../replica/testing/entries.js'
import { sql } from '../replica/testing/sql.js'
import { entriesOf, quiet, settlementOf, StoreBench } from './testing/store-bench.js'

describe('several tabs', () => {
  const two = async () => {
    const bench = new StoreBench(sql)
    return { bench, one: await bench.open(), other: await bench.open() }
  }

  test('[ND13] each shows what the other has saved', async () => {
    const { bench, one, other } = await two()
    await one.write([put('a', '1')])
    await quiet()
    expect(entriesOf(other)).toEqual({ a: '1' })
    await Promise.all([other.write([put('a', '2')]), one.write([put('a', '3'), put('b', '4')])])
    await quiet()
    expect(entriesOf(one)).toEqual(entriesOf(other))
    expect(bench.told.map(([, by]) => by)).toContain('tab')
  })

  test('[ND17] groups that nobody told of are read from the journal, in order', async () => {
    const { bench, one, other } = await two()
    const [asleep] = [...bench.tabs.tabs]
    asleep!.close()
    await other.write([put('a', 'early')])
    await other.write([put('b', 'x')])
    expect(entriesOf(one)).toEqual({})
    expect(await one.write([put('a', 'late')])).toBe(4)
    expect(entriesOf(one)).toEqual({ a: 'late', b: 'x' })
    expect(one.replica.place).toBe(4)
  })

  test('[ND17] a later group that is heard of first waits for the one before it', async () => {
    const { bench, one, other } = await two()
    const release = bench.file.hold('readAfter')
    bench.file.groups.push({ place: 2, text: JSON.stringify([put('a', 'missed')]) })
    bench.file.lastPlace = 2
    const wrote = settlementOf(other.write([put('a', 'heard')]))
    await quiet()
    expect(wrote.done).toBe(false)
    expect(entriesOf(one)).toEqual({})
    release()
    await quiet()
    expect(entriesOf(one)).toEqual({ a: 'heard' })
    expect(entriesOf(other)).toEqual({ a: 'heard' })
    expect(one.replica.pending(PREFS)).toEqual(other.replica.pending(PREFS))
  })

  test('[ND17] what another tab appends while this one opens is not missed', async () => {
    const { bench, one } = await two()
    bench.file.after = async (operation) => {
      if (operation !== 'recover') return
      bench.file.after = () => undefined
      await one.write([put('a', 'meanwhile')])
    }
    const late = await bench.open()
    await quiet()
    expect(entriesOf(late)).toEqual({ a: 'meanwhile' })
  })

  test('what was told of and is in no journal is forgotten', async () => {
    const { bench, one } = await two()
    bench.tabs.open().tell({ kind: 'appended', placed: { place: 7, group: [put('a', 'nowhere')] } })
    await quiet()
    expect(entriesOf(one)).toEqual({})
    await one.write([put('b', '1')])
    expect(one.replica.place).toBe(2)
    expect(one.trouble).toBeNull()
  })

  test('[ND17] a tab that slept through a compaction takes over the snapshot', async () => {
    const { bench, one, other } = await two()
    const [asleep] = [...bench.tabs.tabs]
    await one.write([put('a', 'mine')])
    await quiet()
    asleep!.close()
    await other.write([batch(1, 'a')])
    await other.write([
      answer(snapshot(2, [{ ...record('a', 'mine', 1, 'me'), modifiedAt: 2_001 }, record('b', 'theirs', 2)]), [
        1,
        accepted(1),
      ]),
    ])
    await other.write([put('big', 'x'.repeat(1_100_000))])
    await other.compactIfDue(0)
    bench.told.length = 0
    const saved = one.write([put('c', 'late')])
    expect(await saved).toBe(6)
    expect(entriesOf(one)).toMatchObject({ a: 'mine', b: 'theirs', c: 'late' })
    await quiet()
    expect(bench.told.flatMap(([{ settled }]) => settled)).toMatchObject([{ key: 'a', as: 'accepted' }])
    expect(one.replica.place).toBe(6)
    expect(bench.faults).toEqual([])
  })

  test('a new term begins with everything applied that was appended before it', async () => {
    const { bench, one, other } = await two()
    const [asleep] = [...bench.tabs.tabs]
    asleep!.close()
    await other.write([put('a', '1')])
    expect(await one.takeTerm()).toBe(1)
    expect(entriesOf(one)).toEqual({ a: '1' })
  })
})

describe('a leader', () => {
  test('its batch is appended in one step with the edit', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    const term = await store.takeTerm()
    store.accompany({ term, entries: () => [batch(1, 'a')], fenced: () => {} })
    await store.write([put('a', '1')])
    expect(bench.file.groups).toHaveLength(2)
    expect(store.replica.flight(PREFS)).toMatchObject({ number: 1, patches: [{ key: 'a', value: '1' }] })
  })

  test('[ND20] whose term has ended loses its own entries, and the edits are saved without them', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    const term = await store.takeTerm()
    let fenced = 0
    store.accompany({ term, entries: () => [batch(1, 'a')], fenced: () => fenced++ })
    bench.file.term++
    const decided = store.write([settle('a', 9, null), put('x', 'shown')], term)
    const [edited, refused] = await Promise.allSettled([store.write([put('a', '1')]), decided])
    expect(edited).toEqual({ status: 'fulfilled', value: 2 })
    expect(refused).toMatchObject({ status: 'rejected', reason: { kind: 'fenced' } })
    expect(fenced).toBe(1)
    expect(entriesOf(store)).toEqual({ a: '1' })
    expect(store.replica.flight(PREFS)).toBeNull()
    expect(store.trouble).toBeNull()
    await store.write([put('b', '2')])
    expect(fenced).toBe(1)
  })

  test('writes of two terms are not appended together', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    await store.takeTerm()
    const old = store.write([put('a', 'old')], 1)
    await store.takeTerm()
    const fresh = store.write([put('a', 'new')], 2)
    const stale = store.write([put('a', 'stale')], 1)
    const results = await Promise.allSettled([old, fresh, stale])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(entriesOf(store)).toEqual({ a: 'new' })
  })

  test('a companion that throws adds nothing and is reported', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    const entries = () => {
      throw new Error('broken')
    }
    store.accompany({ term: 0, entries, fenced: () => {} })
    expect(await store.write([put('a', '1')])).toBe(2)
    expect(bench.faults).toMatchObject([{ cause: { message: 'broken' } }])
  })

  test('compacts when the journal has grown, and the snapshot is what is there after a restart', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    const term = await store.takeTerm()
    await store.write([put('a', '1')])
    await store.compactIfDue(term)
    expect(bench.file.snapshot).toBeNull()
    await store.write([put('b', 'x'.repeat(1_100_000))])
    await store.write([put('b', 'y')])
    await store.compactIfDue(term)
    expect(bench.file.snapshot).toMatchObject({ through: 4 })
    await store.write([put('c', '3')])
    await expect(store.compactIfDue(term)).resolves.toBeUndefined()
    const again = await bench.open()
    expect(entriesOf(again)).toEqual({ a: '1', b: 'y', c: '3' })
    expect(again.replica.place).toBe(5)
  })
})
