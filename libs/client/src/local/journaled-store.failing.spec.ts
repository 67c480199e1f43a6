import { accepted, answer, batch, PREFS, put, snapshot } from '../replica/testing/entries.js'
import { sql } from '../replica/testing/sql.js'
import { entriesOf, quiet, settlementOf, StoreBench } from './testing/store-bench.js'

describe('storage that fails', () => {
  test.each(['full', 'unavailable'] as const)(
    '[ND16] %s: the edit goes on showing, says why it is not saved, and is tried again',
    async (kind) => {
      const bench = new StoreBench(sql)
      const store = await bench.open()
      bench.file.failNext('append', kind, 3)
      const saved = store.write([put('a', '1')])
      const state = settlementOf(saved)
      await quiet()
      expect(store.trouble).toContain(kind)
      expect(entriesOf(store)).toEqual({ a: '1' })
      bench.clock.advance(250)
      await quiet()
      expect(state.done).toBe(false)
      bench.clock.advance(100)
      await quiet()
      expect(state.done).toBe(false)
      bench.clock.advance(400)
      await quiet()
      bench.clock.advance(1_000)
      expect(await saved).toBe(2)
      expect(store.trouble).toBeNull()
      expect(bench.clock.waiting).toBe(0)
    },
  )

  test('[ND16] the next write tries again at once, and both are saved in order', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    bench.file.failNext('append', 'full')
    const first = store.write([put('a', '1')])
    await quiet()
    expect(store.trouble).not.toBeNull()
    const second = store.write([put('a', '2')])
    expect(await Promise.all([first, second])).toEqual([2, 2])
    expect(entriesOf(await bench.open())).toEqual({ a: '2' })
  })

  test('[ND16] an append whose answer is lost is made again, and changes nothing twice', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    bench.file.loseAnswerOfNext('append')
    const saved = store.write([put('a', '1'), batch(1, 'a')])
    await quiet()
    bench.clock.advance(250)
    expect(await saved).toBe(3)
    expect(store.replica.flight(PREFS)).toMatchObject({ number: 1, patches: [{ key: 'a' }] })
    await store.write([answer(null, [1, accepted(1)])])
    expect(store.replica.pending(PREFS)).toEqual([])
    expect(entriesOf(store)).toEqual({ a: '1' })
  })

  test('[ND16] what waits is bounded: beyond that a write is refused and not shown', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    bench.file.failNext('append', 'full', 99)
    const large = 'x'.repeat(30_000_000)
    const kept = [store.write([put('a', large)]), store.write([put('b', large)])].map(settlementOf)
    await expect(store.write([put('c', large)])).rejects.toMatchObject({ kind: 'full' })
    expect(store.replica.reader(PREFS).get('c')).toBeUndefined()
    expect(store.replica.usage(PREFS).records).toBe(2)
    expect(kept.map(({ done }) => done)).toEqual([false, false])
    await store.close()
  })

  test('[ND16] closing rejects what could not be saved', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    bench.file.failNext('append', 'full', 99)
    const saved = store.write([put('a', '1')])
    const refused = expect(saved).rejects.toMatchObject({ kind: 'full' })
    await quiet()
    await store.close()
    await refused
    expect(bench.clock.waiting).toBe(0)
  })

  test.each(['newer-format', 'in-use'] as const)('%s is final: waiting for it would help nobody', async (kind) => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    bench.file.failNext('append', kind)
    await expect(store.write([put('a', '1')])).rejects.toMatchObject({ kind })
    await expect(store.write([put('a', '2')])).rejects.toMatchObject({ kind })
    expect(store.trouble).toContain(kind)
    expect(entriesOf(store)).toEqual({ a: '1' })
  })

  test('of a group that cannot be applied every tab keeps what the app did, and reports the rest', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    const other = await bench.open()
    const brokenAnswer = { ...answer(snapshot(1, [])), changes: { epoch: 1, exists: true, snapshot: true } } as never
    const brokenPark = { kind: 'park', dataset: PREFS } as never
    const brokenEdit = {
      kind: 'adopt',
      store: 'guest',
      through: 1,
      datasets: [{ dataset: PREFS, edits: [null] }],
    } as never
    expect(await store.write([put('a', '1'), brokenAnswer])).toBe(2)
    bench.file.groups.push({ place: 3, text: JSON.stringify([put('lost', '1'), brokenPark, brokenEdit]) })
    bench.file.lastPlace = 3
    expect(await store.write([put('b', '2')])).toBe(4)
    await quiet()
    expect(entriesOf(store)).toEqual({ a: '1', b: '2' })
    expect(entriesOf(other)).toEqual({ a: '1', b: '2' })
    expect(new Set(bench.faults.map(({ message }) => message))).toEqual(
      new Set(['the group of place 2 cannot be applied', 'the group of place 3 cannot be applied']),
    )
    bench.faults.length = 0
    expect(entriesOf(await bench.open())).toEqual({ a: '1', b: '2' })
    expect(bench.faults).toHaveLength(2)
    bench.faults.length = 0
    expect(entriesOf(await bench.open())).toEqual({ a: '1', b: '2' })
    expect(bench.faults).toEqual([])
  })
})
