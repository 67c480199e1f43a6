import { answer, changes, keyed, PREFS, put, record, snapshot } from '../replica/testing/entries.js'
import { sql } from '../replica/testing/sql.js'
import { entriesOf, quiet, settlementOf, StoreBench } from './testing/store-bench.js'

describe('writing', () => {
  test('[ND16] an edit shows at once, is saved when it is durable, and is there after a restart', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    const release = bench.file.hold('append')
    const saved = store.write([put('a', '1')])
    const state = settlementOf(saved)
    expect(entriesOf(store)).toEqual({ a: '1' })
    await quiet()
    expect(state.done).toBe(false)
    expect(store.replica.sendable(PREFS)).toEqual([])
    release()
    expect(await saved).toBe(2)
    expect(store.replica.sendable(PREFS)).toHaveLength(1)
    const again = await bench.open()
    expect(entriesOf(again)).toEqual({ a: '1' })
    expect(bench.faults).toEqual([])
  })

  test('[NP1] an answer shows at once, counts when it is durable, and is not there after a crash in between', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    await store.write([answer(snapshot(1, [record('a', '1', 1)]))])
    bench.told.length = 0
    const release = bench.file.hold('append')
    const taken = settlementOf(store.write([answer(changes(2, [record('a', '2', 2)]))]))
    await quiet()
    expect(bench.told).toEqual([[{ shown: [{ dataset: PREFS, keys: ['a'] }], settled: [] }, 'server']])
    expect({ ...entriesOf(store), ...store.replica.standing(PREFS) }).toEqual({ a: '2', epoch: 1, since: 1 })
    expect(taken.done).toBe(false)

    const afterCrash = await bench.open()
    expect({ ...entriesOf(afterCrash), ...afterCrash.replica.standing(PREFS) }).toEqual({ a: '1', epoch: 1, since: 1 })
    await afterCrash.close()

    release()
    await quiet()
    expect({ ...entriesOf(store), ...store.replica.standing(PREFS) }).toEqual({ a: '2', epoch: 1, since: 2 })
    expect(bench.told).toHaveLength(1)
  })

  test('[NP1] [ND20] what a fenced leader had from the server shows no longer, and edits made upon it stay', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    const term = await store.takeTerm()
    await store.write([answer(snapshot(1, [record('a', '1', 1), record('b', '1', 1)]))], term)
    await (await bench.open()).takeTerm()
    const refused = store.write([answer(changes(2, [record('a', '2', 2), record('b', '2', 2)]))], term)
    const kept = store.write([put('a', 'mine', store.replica.baseOf(PREFS, keyed('a')))])
    expect(entriesOf(store)).toEqual({ a: 'mine', b: '2' })
    await expect(refused).rejects.toMatchObject({ kind: 'fenced' })
    await kept
    expect(entriesOf(store)).toEqual({ a: 'mine', b: '1' })
    expect(store.replica.pending(PREFS)).toMatchObject([{ key: 'a', value: 'mine', base: 2 }])
    // The next leader is told of the record that the edit has seen.
    await store.write([answer(changes(2, [record('a', '2', 2), record('b', '2', 2)]))])
    expect(store.replica.clashes(PREFS)).toEqual([])
    expect(entriesOf(store)).toEqual({ a: 'mine', b: '2' })
  })

  test('what is written while an append is under way goes into the next one together', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    const release = bench.file.hold('append')
    const first = store.write([put('a', '1')])
    await quiet()
    const rest = Array.from({ length: 100 }, (_, index) => store.write([put('a', `${index}`), put(`${index}`, 'x')]))
    const flushed = settlementOf(store.flushed())
    release()
    expect(await first).toBe(2)
    expect(new Set(await Promise.all(rest))).toEqual(new Set([3]))
    await quiet()
    expect(flushed.done).toBe(true)
    expect(bench.file.groups).toHaveLength(3)
    expect(entriesOf(store)).toMatchObject({ a: '99', 0: 'x', 99: 'x' })
  })

  test('a new store becomes a device, and stays that one', async () => {
    const bench = new StoreBench(sql)
    expect((await bench.open()).replica.device).toBe('device 1')
    expect((await bench.open()).replica.device).toBe('device 1')
  })

  test('nothing is appended for an empty group', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    expect(await store.write([])).toBe(1)
    expect(bench.file.groups).toHaveLength(1)
  })

  test('closing waits for what is under way, and refuses what comes later', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    const saved = store.write([put('a', '1')])
    await store.close()
    expect(await saved).toBe(2)
    await expect(store.write([put('b', '2')])).rejects.toThrow('the local store is closed')
    await store.close()
  })
})

describe('listeners', () => {
  test('[ND21] are told after a write and never inside of it, in order, with whose doing it was', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    const saved = store.write([put('a', '1')])
    expect(bench.told).toEqual([])
    await saved
    await store.write([answer(snapshot(5, [record('b', '2', 5), record('a', '1', 4)]))])
    await quiet()
    expect(bench.told).toEqual([
      [{ shown: [{ dataset: PREFS, keys: ['a'] }], settled: [] }, 'here'],
      [{ shown: [{ dataset: PREFS, keys: ['b'] }], settled: [] }, 'server'],
      [{ shown: [], settled: [{ dataset: PREFS, key: 'a', through: 3, as: 'accepted' }] }, 'server'],
    ])
  })

  test('[ND21] one that throws is reported and harms nobody', async () => {
    const bench = new StoreBench(sql)
    const store = await bench.open()
    const heard: string[] = []
    store.listen({
      applied: () => {
        throw new Error('mine')
      },
    })
    const end = store.listen({ applied: (_, by) => heard.push(by) })
    await store.write([put('a', '1')])
    expect(heard).toEqual(['here'])
    expect(bench.faults).toMatchObject([
      { message: 'a listener of the local store failed', cause: { message: 'mine' } },
    ])
    end()
    await store.write([put('a', '2')])
    await quiet()
    expect(heard).toEqual(['here'])
  })
})
