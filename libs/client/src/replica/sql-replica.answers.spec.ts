import { next, replicaOf, sendableKeys, shown } from './testing/a-replica.js'
import { dump } from './testing/dump.js'
import {
  accepted,
  answer,
  batch,
  changes,
  conflict,
  numberUsed,
  PREFS,
  put,
  record,
  snapshot,
} from './testing/entries.js'
import { sql } from './testing/sql.js'

describe('an answer', () => {
  const flying = () => replicaOf(answer(snapshot(5, [record('a', 'old', 5)])), put('a', '1', 5), batch(1, 'a'))

  test('[ND5] that accepts makes the edits records, and edits made meanwhile go on from there', () => {
    const replica = flying()
    next(replica, put('a', '2', 5))
    expect(next(replica, answer(changes(6, []), [1, accepted(6)]))).toEqual({
      shown: [],
      settled: [{ dataset: PREFS, key: 'a', through: 3, as: 'accepted' }],
    })
    expect(replica.sendable(PREFS)).toMatchObject([{ key: 'a', value: '2' }])
    next(replica, batch(2, 'a'))
    expect(replica.flight(PREFS)?.patches).toMatchObject([{ base: 6 }])
    expect(replica.standing(PREFS)).toEqual({ epoch: 1, since: 6 })
  })

  test.each([
    ['a conflict', conflict],
    ['a number that is used', numberUsed],
    ['a refusal', { outcome: 'refused', code: 'LimitExceeded', message: 'full' } as const],
  ])('[ND6] of %s makes the edits pending again', (_, outcome) => {
    const replica = flying()
    expect(next(replica, answer(null, [1, outcome]))).toEqual({ shown: [], settled: [] })
    expect(replica.flight(PREFS)).toBeNull()
    expect(replica.sendable(PREFS)).toMatchObject([{ key: 'a', value: '1', place: 3 }])
  })

  test('[ND7] to another number says nothing about the batch that is on its way', () => {
    const replica = flying()
    next(replica, answer(changes(6, [record('b', 'new', 6)]), [7, accepted(6)]))
    expect(replica.flight(PREFS)).toMatchObject({ number: 1 })
    expect(shown(replica)).toEqual({ a: '1', b: 'new' })
  })

  test('brings what other devices wrote, and holds back nothing but the key that clashes', () => {
    const replica = replicaOf(answer(snapshot(5, [record('a', 'old', 5)])), put('a', 'mine', 5), put('b', 'free'))
    const { shown: changed } = next(replica, answer(changes(6, [record('a', 'theirs', 6), record('c', 'new', 6)])))
    expect(changed).toEqual([{ dataset: PREFS, keys: ['c'] }])
    expect(shown(replica)).toEqual({ a: 'mine', b: 'free', c: 'new' })
    expect(replica.clashes(PREFS)).toMatchObject([
      { pending: { value: 'mine' }, remote: { value: 'theirs', syncCount: 6 } },
    ])
    expect(sendableKeys(replica)).toEqual(['b'])
  })

  test('[ND10] of another epoch that is no snapshot changes nothing', () => {
    const replica = flying()
    const before = dump(sql, replica) as { held: unknown }
    next(replica, answer(changes(9, [record('z', 'strange', 9)], { epoch: 2 })))
    expect((dump(sql, replica) as { held: unknown }).held).toEqual(before.held)
    expect(replica.standing(PREFS)).toEqual({ epoch: 1, since: 5 })
  })

  test('[ND10] of an older count does not take the count back', () => {
    const replica = flying()
    next(replica, answer(changes(3, [])))
    expect(replica.standing(PREFS)).toEqual({ epoch: 1, since: 5 })
  })

  test('[ND11] with a snapshot replaces everything that is not pending', () => {
    const replica = replicaOf(
      answer(snapshot(5, [record('a', '1', 5), record('b', '2', 4), record('c', '3', 3)])),
      put('c', 'mine', 3),
    )
    const { shown: changed } = next(replica, answer(snapshot(9, [record('a', 'new', 8)], { epoch: 2 })))
    expect(changed).toEqual([{ dataset: PREFS, keys: ['a', 'b'] }])
    expect(shown(replica)).toEqual({ a: 'new', c: 'mine' })
    expect(replica.clashes(PREFS)).toMatchObject([{ pending: { key: 'c' }, remote: { value: null, syncCount: 9 } }])
    expect(replica.standing(PREFS)).toEqual({ epoch: 2, since: 9 })
  })

  test('[ND11] with a snapshot of hundreds of records is whole', () => {
    const many = Array.from({ length: 500 }, (_, index) => record(`key ${index}`, `value ${index}`, 5))
    const replica = replicaOf(put('key 7', 'mine'), answer(snapshot(5, many)))
    expect(replica.reader(PREFS).size).toBe(500)
    expect(replica.clashes(PREFS)).toHaveLength(1)
    const later = many.map(({ key }) => record(key, `other value`, 6))
    expect(next(replica, answer(changes(6, later))).shown).toMatchObject([{ keys: { length: 499 } }])
    expect(next(replica, answer(snapshot(7, []))).shown).toMatchObject([{ keys: { length: 499 } }])
    expect(shown(replica)).toEqual({ 'key 7': 'mine' })
  })

  test('[ND5] with the snapshot that its batch brought about leaves the batch own', () => {
    const replica = replicaOf(put('a', '1'), batch(1, 'a'), put('a', '2'))
    const own = { ...record('a', '1', 2, 'me'), modifiedAt: 2_002, deviceModifiedAt: 10 }
    next(replica, answer(snapshot(2, [record('b', 'x', 1), own]), [1, accepted(2)]))
    expect(shown(replica)).toEqual({ a: '2', b: 'x' })
    next(replica, batch(2, 'a'))
    expect(replica.flight(PREFS)?.patches).toMatchObject([{ key: 'a', base: 2 }])
  })

  test('[ND11] that accepts late what a deletion took meanwhile shows the dataset as it is', () => {
    const replica = flying()
    next(replica, answer(snapshot(9, [record('b', 'new', 8)], { epoch: 2 }), [1, accepted(6)]))
    expect(shown(replica)).toEqual({ b: 'new' })
    expect(replica.pending(PREFS)).toEqual([])
  })

  test('[ND19] of epoch 0, the device’s own word, makes the next answer a snapshot and shows what it showed', () => {
    const replica = flying()
    expect(next(replica, answer(changes(0, [], { epoch: 0 }))).shown).toEqual([])
    expect(replica.standing(PREFS)).toEqual({ epoch: 0, since: 0 })
    expect(shown(replica)).toEqual({ a: '1' })
  })

  test('[ND11] of a dataset that was deleted empties it, and keeps where the server stands', () => {
    const replica = flying()
    next(replica, answer(null, [1, accepted(6)]))
    const told = changes(7, [], { exists: false })
    expect(next(replica, answer(told)).shown).toEqual([{ dataset: PREFS, keys: ['a'] }])
    expect(shown(replica)).toEqual({})
    expect(replica.standing(PREFS)).toEqual({ epoch: 1, since: 7 })
    expect(replica.identityUsage()).toEqual({ datasets: 0, bytes: 0 })
    expect(replica.baseOf(PREFS, 'a' as never)).toBe(7)
  })

  test('[ND11] an edit that saw the deletion is sent against nothing', () => {
    const replica = flying()
    next(replica, answer(changes(7, [], { exists: false }), [1, accepted(6)]))
    next(replica, put('a', 'again', 7), batch(2, 'a'))
    expect(replica.flight(PREFS)?.patches).toMatchObject([{ key: 'a', value: 'again', base: 0 }])
  })

  test('[ND12] of a server that was set back makes its lost records edits again', () => {
    const replica = flying()
    next(replica, answer(changes(6, []), [1, accepted(6)]))
    expect(next(replica, answer(snapshot(5, [record('a', 'old', 5)], { epoch: 2 }))).shown).toEqual([])
    expect(replica.sendable(PREFS)).toMatchObject([{ key: 'a', value: '1', base: 5 }])
    expect(replica.standing(PREFS)).toEqual({ epoch: 2, since: 5 })
  })
})
