import { AWS_LIMITS, type DatasetName } from '@satchel/protocol'
import initSqlJs, { type SqlJsStatic } from 'sql.js'
import type { Entry, Group } from '../journal/entry.js'
import { SqlReplica } from './sql-replica.js'
import { dump } from './testing/dump.js'
import {
  accepted,
  answer,
  batch,
  changes,
  conflict,
  device,
  edit,
  edits,
  NOTES,
  numberUsed,
  park,
  PREFS,
  put,
  record,
  settle,
  snapshot,
} from './testing/entries.js'

let sql: SqlJsStatic
beforeAll(async () => {
  sql = await initSqlJs()
})

/** A replica of a new store that has applied these groups, each of one entry. */
function replicaOf(...entries: Entry[]): SqlReplica {
  const replica = SqlReplica.empty(sql)
  for (const entry of [device(), ...entries]) replica.apply(replica.place + 1, [entry])
  return replica
}

const next = (replica: SqlReplica, ...group: Group) => replica.apply(replica.place + 1, group)
const shown = (replica: SqlReplica) => Object.fromEntries(replica.reader(PREFS).entries())
const sendableKeys = (replica: SqlReplica) => replica.sendable(PREFS).map(({ key }) => key)

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

describe('a decision', () => {
  const clashing = () => replicaOf(answer(snapshot(5, [record('a', 'theirs', 5)])), put('a', 'mine', 4))

  test('[ND8] for this side sends it, for the other shows that one, before it is placed', () => {
    const replica = clashing()
    const local = [settle('a', 3, edit('a', 'mine', 5))]
    const { ticket } = replica.show(local)
    expect(shown(replica)).toEqual({ a: 'mine' })
    replica.apply(4, local, ticket)
    expect(sendableKeys(replica)).toEqual(['a'])

    const other = clashing()
    const remote = [settle('a', 3, null)]
    expect(other.show(remote).shown).toEqual([{ dataset: PREFS, keys: ['a'] }])
    expect(shown(other)).toEqual({ a: 'theirs' })
    expect(other.apply(4, remote, { group: remote })).toEqual({
      shown: [],
      settled: [{ dataset: PREFS, key: 'a', through: 4, as: 'overruled' }],
    })
  })

  test('[ND8] about an edit that was replaced shows and changes nothing', () => {
    const replica = clashing()
    next(replica, put('a', 'newer', 5))
    const late = [settle('a', 3, null)]
    expect(replica.show(late).shown).toEqual([])
    expect(next(replica, ...late)).toEqual({ shown: [], settled: [] })
    expect(shown(replica)).toEqual({ a: 'newer' })
  })

  test('[ND8] about an edit that a newer one covers already does not cover that one', () => {
    const replica = clashing()
    replica.show([put('a', 'newer', 5)])
    expect(replica.show([settle('a', 3, null)]).shown).toEqual([])
    expect(shown(replica)).toEqual({ a: 'newer' })
  })
})

describe('parking', () => {
  test('[ND9] keeps an edit, shows it and does not send it, until it is put again', () => {
    const replica = replicaOf(put('a', 'big'), put('b', 'small'))
    expect(next(replica, park('a')).settled).toEqual([
      { dataset: PREFS, key: 'a', through: 4, as: { code: 'LimitExceeded', message: 'full' } },
    ])
    expect(shown(replica)).toEqual({ a: 'big', b: 'small' })
    expect(sendableKeys(replica)).toEqual(['b'])
    expect(replica.pending(PREFS)).toMatchObject([{ key: 'a', parked: { code: 'LimitExceeded' } }, { parked: null }])
    next(replica, put('a', 'less'))
    expect(sendableKeys(replica)).toEqual(['b', 'a'])
  })

  test('[ND9] a parked edit is no conflict', () => {
    const replica = replicaOf(put('a', 'big'), park('a'), answer(snapshot(5, [record('a', 'theirs', 5)])))
    expect(replica.clashes(PREFS)).toEqual([])
    expect(shown(replica)).toEqual({ a: 'big' })
  })
})

describe('the store', () => {
  test('knows no device, identity or limits of its own before it is told', () => {
    const replica = SqlReplica.empty(sql)
    expect(replica.device).toBeNull()
    expect(replica.greeting).toEqual({ identity: null, limits: AWS_LIMITS })
    expect(replica.datasets()).toEqual([])
    expect(replica.standing(PREFS)).toEqual({ epoch: 0, since: 0 })
  })

  test('[ND6] a new device numbers from 1 and sends anew what was on its way', () => {
    const replica = replicaOf(put('a', '1'), batch(7, 'a'), device('other'))
    expect(replica.device).toBe('other')
    expect(replica.nextNumber).toBe(1)
    expect(replica.flight(PREFS)).toBeNull()
    expect(sendableKeys(replica)).toEqual(['a'])
  })

  test('remembers what the server told of itself', () => {
    const limits = { ...AWS_LIMITS, recordsPerDatasetMax: 5_000 }
    const replica = replicaOf({ kind: 'greeted', identity: 'us-east-1:1', limits })
    expect(SqlReplica.restore(sql, replica.snapshot()).greeting).toEqual({ identity: 'us-east-1:1', limits })
  })

  test('names the datasets that were opened or hold something', () => {
    const replica = replicaOf(put('a', '1'), { kind: 'open', dataset: NOTES })
    replica.show([{ kind: 'edit', dataset: 'extra' as DatasetName, edits: [edit('x', '1')] }])
    expect(replica.datasets()).toEqual(['extra', NOTES, PREFS])
    expect(replica.identityUsage()).toEqual({ datasets: 2, bytes: 4 })
  })

  test('[ND23] a guest’s values come along once', () => {
    const replica = replicaOf(answer(snapshot(5, [record('a', 'theirs', 5), record('same', 'x', 5)])))
    const brought: Entry = {
      kind: 'adopt',
      store: 'guest',
      datasets: [
        { dataset: PREFS, edits: [edit('a', 'guest', 3), edit('same', 'x', 3)] },
        { dataset: NOTES, edits: [edit('n', '1', 3)] },
      ],
    }
    const { ticket } = replica.show([brought])
    expect(replica.apply(3, [brought], ticket).shown).toEqual([])
    expect(replica.hasAdopted('guest')).toBe(true)
    expect(replica.clashes(PREFS)).toMatchObject([{ pending: { key: 'a', value: 'guest', base: 0 } }])
    expect(replica.reader(NOTES).entries()).toEqual([['n', '1']])
    next(replica, settle('a', 3, null))
    expect(replica.show([brought]).shown).toEqual([])
    expect(next(replica, brought)).toEqual({ shown: [], settled: [] })
    expect(shown(replica)).toEqual({ a: 'theirs', same: 'x' })
  })
})

describe('a snapshot', () => {
  test('[ND13] holds what is placed and nothing that is only shown', () => {
    const replica = replicaOf(
      answer(snapshot(5, [record('a', '1', 5)])),
      put('a', 'saved', 5),
      batch(1, 'a'),
      park('z'),
    )
    replica.show([put('a', 'unsaved', 5), put('b', 'unsaved')])
    const restored = SqlReplica.restore(sql, replica.snapshot())
    expect(shown(restored)).toEqual({ a: 'saved' })
    expect(restored.usage(PREFS)).toEqual({ records: 1, bytes: 6 })
    expect(dump(sql, restored)).toEqual(dump(sql, replica))
    expect(shown(replica)).toEqual({ a: 'unsaved', b: 'unsaved' })
  })

  test('can be taken while a value was just read, and changes nothing about reading', () => {
    const replica = replicaOf(put('a', '1'))
    const reader = replica.reader(PREFS)
    expect(reader.get('a')).toBe('1')
    replica.snapshot()
    next(replica, put('a', '2'))
    expect(reader.get('a')).toBe('2')
    expect(reader.get('missing')).toBeUndefined()
    expect(replica.reader(NOTES).get('a')).toBeUndefined()
  })

  test('and what was applied since, to keys that it has and to others, are read together', () => {
    const old = replicaOf(answer(snapshot(5, [record('a', '1', 5), record('b', '2', 5), record('c', '3', 5)])))
    const replica = SqlReplica.restore(sql, old.snapshot())
    const reader = replica.reader(PREFS)
    expect(['a', 'b', 'c', 'd'].map((key) => reader.get(key))).toEqual(['1', '2', '3', undefined])
    next(replica, answer(changes(6, [record('a', 'new', 6), record('b', null, 6), record('d', '4', 6)])))
    const read = () => ['a', 'b', 'c', 'd'].map((key) => reader.get(key))
    expect(read()).toEqual(['new', undefined, '3', '4'])
    expect(shown(replica)).toEqual({ a: 'new', c: '3', d: '4' })
    expect(read()).toEqual(['new', undefined, '3', '4'])
    next(replica, answer(snapshot(7, [record('a', 'newest', 7)])))
    next(replica, answer(snapshot(8, [record('a', 'newest', 7)])))
    expect(read()).toEqual(['newest', undefined, undefined, undefined])
    const again = SqlReplica.restore(sql, replica.snapshot())
    expect(dump(sql, again)).toMatchObject({ held: [['prefs', 'a', 'newest', expect.any(String)]] })
  })

  test('[ND22] of a newer format is refused as such', () => {
    const database = new sql.Database(replicaOf().snapshot())
    database.exec('PRAGMA user_version = 2; DROP TABLE held')
    expect(() => SqlReplica.restore(sql, database.export())).toThrow(
      expect.objectContaining({ kind: 'newer-format', message: expect.stringContaining('format 2') }),
    )
  })

  test.each([
    ['no database', () => new Uint8Array([1, 2, 3])],
    ['nothing', () => new Uint8Array()],
    ['another database', () => new sql.Database().export()],
    [
      'half of one',
      () =>
        replicaOf(put('a', 'x'.repeat(9_000)))
          .snapshot()
          .slice(0, 8_192),
    ],
  ])('[ND19] of %s is refused', (_, bytes) => {
    expect(() => SqlReplica.restore(sql, bytes())).toThrow(/snapshot of \d+ bytes cannot be read/)
  })

  test('a later state can be taken over whole, with what lies above', () => {
    const sleeper = replicaOf(answer(snapshot(5, [record('a', '1', 5), record('b', '2', 5)])), put('a', 'mine', 5))
    const reader = sleeper.reader(PREFS)
    expect(reader.get('a')).toBe('mine')
    const awake = SqlReplica.restore(sql, sleeper.snapshot())
    next(awake, batch(1, 'a'))
    next(awake, answer(changes(7, [record('b', 'new', 7)]), [1, accepted(6)]))
    sleeper.show([put('c', 'unsaved')])
    expect(sleeper.become(awake.snapshot())).toEqual({
      shown: [{ dataset: PREFS, keys: ['b'] }],
      settled: [{ dataset: PREFS, key: 'a', through: 5, as: 'accepted' }],
    })
    expect(sleeper.place).toBe(5)
    expect(reader.entries()).toEqual([
      ['a', 'mine'],
      ['b', 'new'],
      ['c', 'unsaved'],
    ])
    expect(reader.get('b')).toBe('new')
    expect(sleeper.usage(PREFS)).toEqual({ records: 3, bytes: 17 })
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
