import initSqlJs, { type SqlJsStatic } from 'sql.js'
import { JournalFault } from '../journal/journal.js'
import {
  accepted,
  answer,
  batch,
  changes,
  edit,
  keyed,
  PREFS,
  put,
  record,
  settle,
  snapshot,
} from '../replica/testing/entries.js'
import type { JournaledStore } from './journaled-store.js'
import { entriesOf, quiet, StoreBench } from './testing/store-bench.js'

let sql: SqlJsStatic
beforeAll(async () => {
  sql = await initSqlJs()
})

/** True once the promise is settled. */
function settlementOf(promise: Promise<unknown>): { done: boolean } {
  const state = { done: false }
  const end = () => {
    state.done = true
  }
  promise.then(end, end)
  return state
}

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
    const brokenEdit = { kind: 'adopt', store: 'guest', datasets: [{ dataset: PREFS, edits: [null] }] } as never
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
    const bench = new StoreBench(sql)
    const one = await bench.open()
    const other = await bench.open()
    await one.write([put('a', '1')])
    await quiet()
    bench.file.evict()
    await one.write([put('b', '2')])
    await other.write([put('c', '3')])
    await quiet()
    await one.write([put('d', '4')])
    await quiet()
    expect(entriesOf(one)).toEqual({ a: '1', b: '2', c: '3', d: '4' })
    expect(entriesOf(other)).toEqual(entriesOf(one))
    expect(entriesOf(await bench.open())).toEqual(entriesOf(one))
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
  bench.file.failNext('compact', 'full', 2)
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
