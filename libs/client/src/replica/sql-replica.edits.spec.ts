import type { Entry } from '../journal/entry.js'
import { next, replicaOf, sendableKeys, shown } from './testing/a-replica.js'
import { dump } from './testing/dump.js'
import { accepted, answer, batch, edit, edits, NOTES, PREFS, put, record, snapshot } from './testing/entries.js'
import { sql } from './testing/sql.js'

describe('an edit', () => {
  test('shows before it has a place, and being placed changes nothing', () => {
    const replica = replicaOf()
    const group = [put('a', '1')]
    const { ticket, shown: changed } = replica.show(group)
    expect(changed).toEqual([{ dataset: PREFS, keys: ['a'] }])
    expect(replica.reader(PREFS).get('a')).toBe('1')
    expect(replica.sendable(PREFS)).toEqual([])
    expect(replica.apply(2, group, ticket)).toEqual({ shown: [], settled: [] })
    expect(replica.sendable(PREFS)).toMatchObject([{ key: 'a', value: '1', place: 2, parked: null }])
  })

  test('that could not be appended is taken back', () => {
    const replica = replicaOf(put('a', '1'))
    const { ticket } = replica.show([put('a', '2'), put('b', '3')])
    expect(shown(replica)).toEqual({ a: '2', b: '3' })
    expect(replica.hide(ticket)).toEqual([{ dataset: PREFS, keys: ['a', 'b'] }])
    expect(shown(replica)).toEqual({ a: '1' })
  })

  test('of another tab lies below the one that this tab has not placed yet', () => {
    const replica = replicaOf()
    const mine = [put('a', 'mine')]
    const { ticket } = replica.show(mine)
    expect(next(replica, put('a', 'theirs'))).toEqual({ shown: [], settled: [] })
    expect(shown(replica)).toEqual({ a: 'mine' })
    expect(replica.apply(3, mine, ticket).shown).toEqual([])
    expect(shown(replica)).toEqual({ a: 'mine' })
  })

  test('a ticket may be put together of several', () => {
    const replica = replicaOf()
    const one = replica.show([put('a', '1')]).ticket
    const two = replica.show([put('a', '2')]).ticket
    const both = [...one.group, ...two.group]
    replica.apply(2, both, { group: both })
    expect(replica.pending(PREFS)).toMatchObject([{ key: 'a', value: '2', place: 2, sent: false }])
  })

  test('to what is shown already, with nothing under way, is settled at once', () => {
    const replica = replicaOf(answer(snapshot(5, [record('a', '1', 5)])))
    expect(next(replica, put('a', '1', 5))).toEqual({
      shown: [],
      settled: [{ dataset: PREFS, key: 'a', through: 3, as: 'accepted' }],
    })
    expect(replica.pending(PREFS)).toEqual([])
  })

  test('keys that objects have of their own are keys like any other', () => {
    const replica = replicaOf(put('__proto__', '1'), put('constructor', '2'))
    expect(replica.reader(PREFS).entries()).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ])
    expect(replica.reader(PREFS).get('toString')).toBeUndefined()
  })

  test('entries are in order of code points, unplaced ones among the placed', () => {
    const replica = replicaOf(put('\u{1F600}', '1'), put('a', '2'))
    replica.show([put('\uFFFD', '3')])
    expect(
      replica
        .reader(PREFS)
        .entries()
        .map(([key]) => key),
    ).toEqual(['a', '\uFFFD', '\u{1F600}'])
  })
})

describe('a group', () => {
  test('[ND15] that cannot be applied leaves everything as it was', () => {
    const replica = replicaOf(put('a', '1'))
    const before = dump(sql, replica)
    const broken = { kind: 'edit', dataset: NOTES, edits: [edit('x', '1'), null] } as unknown as Entry
    expect(() => next(replica, put('a', '2'), { kind: 'open', dataset: NOTES }, broken)).toThrow()
    expect(dump(sql, replica)).toEqual(before)
    expect(replica.usage(PREFS)).toEqual({ records: 1, bytes: 2 })
    expect(next(replica, put('a', '3')).shown).toEqual([{ dataset: PREFS, keys: ['a'] }])
  })

  test('settles nothing of a key that a later entry of it edits again', () => {
    const replica = replicaOf(
      put('a', '1'),
      batch(1, 'a'),
      answer(snapshot(1, [record('a', '1', 1)]), [1, accepted(1)]),
    )
    expect(next(replica, put('a', '1', 1)).settled).toEqual([{ dataset: PREFS, key: 'a', through: 5, as: 'accepted' }])
    expect(next(replica, put('a', '1', 1), put('a', '2', 1)).settled).toEqual([])
    expect(next(replica, batch(2, 'a')).settled).toEqual([])
    expect(next(replica, answer(null, [2, accepted(2)])).settled).toMatchObject([{ key: 'a', as: 'accepted' }])
  })

  test.each([1, 3])('of a place that does not follow is refused: %i after 1', (place) => {
    expect(() => replicaOf().apply(place, [])).toThrow(`a group of place ${place} cannot follow place 1`)
  })
})

describe('a batch', () => {
  test('[ND4] takes the edits as they are at its place and is the same until it is answered', () => {
    const replica = replicaOf(put('a', '1'), put('b', '2'), batch(1, 'b', 'a'), put('a', 'later'))
    const patches = [
      { op: 'replace', key: 'a', value: '1', base: 0, deviceModifiedAt: 10 },
      { op: 'replace', key: 'b', value: '2', base: 0, deviceModifiedAt: 10 },
    ]
    expect(replica.flight(PREFS)).toEqual({ number: 1, patches })
    expect(replica.pending(PREFS)).toMatchObject([
      { key: 'a', value: '1', sent: true },
      { key: 'a', value: 'later', sent: false },
      { key: 'b', value: '2', sent: true },
    ])
    expect(replica.nextNumber).toBe(2)
    expect(sendableKeys(replica)).toEqual([])
  })

  test('[ND4] leaves out what may not be sent, and is none when nothing is left', () => {
    const replica = replicaOf(
      answer(snapshot(5, [record('a', 'theirs', 5)])),
      put('a', 'mine', 4),
      batch(1, 'a', 'never'),
    )
    expect(replica.flight(PREFS)).toBeNull()
    expect(replica.nextNumber).toBe(2)
  })

  test('while another one is on its way is none, and uses its number up', () => {
    const replica = replicaOf(put('a', '1'), batch(1, 'a'), put('b', '2'), batch(4, 'b'))
    expect(replica.flight(PREFS)).toMatchObject({ number: 1, patches: [{ key: 'a' }] })
    expect(replica.nextNumber).toBe(5)
  })
})

test('[ND14] usage counts bytes of UTF-8, keys and values, as shown', () => {
  const replica = replicaOf(edits(edit('ä', 'ö€'), edit('b', '')))
  expect(replica.usage(PREFS)).toEqual({ records: 2, bytes: 8 })
  replica.show([put('b', null)])
  expect(replica.usage(PREFS)).toEqual({ records: 1, bytes: 7 })
  expect(replica.reader(PREFS).size).toBe(1)
  expect(replica.usage(NOTES)).toEqual({ records: 0, bytes: 0 })
})
