import type { SqlJsStatic } from 'sql.js'
import type { Entry } from '../journal/entry.js'
import { SqlReplica } from './sql-replica.js'
import { next, replicaOf, shown } from './testing/a-replica.js'
import { answer, changes, device, PREFS, put, record, snapshot } from './testing/entries.js'

test('a replica needs no database before its first snapshot', () => {
  const none = {
    get Database(): never {
      throw new Error('there is a database')
    },
  }
  const replica = SqlReplica.empty(none as unknown as SqlJsStatic)
  for (const entry of [device(), put('b', '1'), put('a', '2'), put('\u{1f600}', '3'), put('gone', null)]) {
    replica.apply(replica.place + 1, [entry])
  }
  expect(replica.reader(PREFS).get('a')).toBe('2')
  expect(replica.reader(PREFS).get('gone')).toBeUndefined()
  expect(replica.reader(PREFS).entries()).toEqual([
    ['a', '2'],
    ['b', '1'],
    ['\u{1f600}', '3'],
  ])
  expect(replica.usage(PREFS)).toEqual({ records: 3, bytes: 9 })
  expect(() => replica.snapshot()).toThrow('there is a database')
  replica.close()
})

describe('an answer that has no place yet', () => {
  const told = (...records: Parameters<typeof record>[]): Entry =>
    answer(
      changes(
        2,
        records.map((one) => record(...one)),
      ),
    )

  test('[NP1] shows what it will make of keys, and is no part of anything else', () => {
    const replica = replicaOf(answer(snapshot(1, [record('a', '1', 1), record('gone', '1', 1)])))
    const before = replica.snapshot()
    const group = [told(['a', '2', 2], ['gone', null, 2], ['new', 'x', 2])]
    const { ticket, shown: changed } = replica.show(group)
    expect(changed).toEqual([{ dataset: PREFS, keys: ['a', 'gone', 'new'] }])
    expect(shown(replica)).toEqual({ a: '2', new: 'x' })
    expect(['a', 'gone', 'new'].map((key) => replica.reader(PREFS).get(key))).toEqual(['2', undefined, 'x'])
    expect(replica.usage(PREFS)).toEqual({ records: 2, bytes: 6 })
    expect(replica.standing(PREFS)).toEqual({ epoch: 1, since: 1 })
    expect({ pending: replica.pending(PREFS), sendable: replica.sendable(PREFS) }).toEqual({
      pending: [],
      sendable: [],
    })
    expect(replica.snapshot()).toEqual(before)
    expect(replica.apply(3, group, ticket)).toEqual({ shown: [], settled: [] })
    expect({ ...shown(replica), ...replica.standing(PREFS) }).toEqual({ a: '2', new: 'x', epoch: 1, since: 2 })
  })

  test('[NP1] that could not be appended is taken back', () => {
    const replica = replicaOf(answer(snapshot(1, [record('a', '1', 1)])))
    const { ticket } = replica.show([answer(snapshot(2, [record('b', '2', 2)]))])
    expect(shown(replica)).toEqual({ b: '2' })
    expect(replica.hide(ticket)).toEqual([{ dataset: PREFS, keys: ['b', 'a'] }])
    expect({ ...shown(replica), ...replica.usage(PREFS) }).toEqual({ a: '1', records: 1, bytes: 2 })
    expect(replica.baseOf(PREFS, record('b', null, 1).key)).toBe(0)
  })

  test('[NP1] has been seen by an edit that is made upon it, which clashes with nothing', () => {
    const replica = replicaOf(answer(snapshot(1, [record('a', '1', 1)])))
    const first = [told(['a', '2', 2])]
    const one = replica.show(first).ticket
    const second = [put('a', '3', replica.baseOf(PREFS, record('a', null, 1).key))]
    const two = replica.show(second).ticket
    expect(shown(replica)).toEqual({ a: '3' })
    replica.apply(3, [...first, ...second], { group: [...one.group, ...two.group] })
    expect(replica.clashes(PREFS)).toEqual([])
    expect(replica.sendable(PREFS)).toMatchObject([{ key: 'a', value: '3', base: 2 }])
  })

  test('[NP1] lies below the app’s own edits, wherever those are', () => {
    const replica = replicaOf(answer(snapshot(1, [])), put('pending', 'mine'))
    const mine = [put('unplaced', 'mine')]
    const { ticket } = replica.show(mine)
    const theirs = [told(['pending', 'theirs', 2], ['unplaced', 'theirs', 2])]
    expect(replica.show(theirs).shown).toEqual([])
    expect(replica.apply(4, mine, ticket).shown).toEqual([])
    expect(shown(replica)).toEqual({ pending: 'mine', unplaced: 'mine' })
    replica.apply(5, theirs, { group: theirs })
    expect(replica.clashes(PREFS).map(({ pending }) => pending.key)).toEqual(['pending', 'unplaced'])
  })

  test('[NP1] gives way to what another tab has in the journal before it', () => {
    const replica = replicaOf(answer(snapshot(1, [record('a', '1', 1)])))
    const theirs = [told(['a', '2', 2], ['b', '2', 2])]
    const { ticket } = replica.show(theirs)
    expect(next(replica, put('a', 'another tab', 1)).shown).toEqual([{ dataset: PREFS, keys: ['a'] }])
    expect(shown(replica)).toEqual({ a: 'another tab', b: '2' })
    expect(replica.apply(4, theirs, ticket).shown).toEqual([])
    expect({ ...shown(replica), ...replica.usage(PREFS) }).toEqual({ a: 'another tab', b: '2', records: 2, bytes: 14 })
  })
})
