import { AWS_LIMITS, type DatasetName } from '@satchel/protocol'
import type { Entry } from '../journal/entry.js'
import { SqlReplica } from './sql-replica.js'
import { next, replicaOf, sendableKeys, shown } from './testing/a-replica.js'
import { dump } from './testing/dump.js'
import {
  accepted,
  answer,
  batch,
  changes,
  device,
  edit,
  NOTES,
  park,
  PREFS,
  put,
  record,
  settle,
  snapshot,
} from './testing/entries.js'
import { sql } from './testing/sql.js'

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
      through: 7,
      datasets: [
        { dataset: PREFS, edits: [edit('a', 'guest', 3), edit('same', 'x', 3)] },
        { dataset: NOTES, edits: [edit('n', '1', 3)] },
      ],
    }
    const { ticket } = replica.show([brought])
    expect(replica.apply(3, [brought], ticket).shown).toEqual([])
    expect(replica.adoption('guest')).toEqual({ store: 'guest', through: 7, place: 3 })
    expect(replica.clashes(PREFS)).toMatchObject([{ pending: { key: 'a', value: 'guest', base: 0 } }])
    expect(replica.reader(NOTES).entries()).toEqual([['n', '1']])
    next(replica, settle('a', 3, null))
    expect(replica.show([brought]).shown).toEqual([])
    expect(next(replica, brought)).toEqual({ shown: [], settled: [] })
    expect(replica.adoption('guest')?.place).toBe(3)
    expect(SqlReplica.restore(sql, replica.snapshot()).adoption('guest')).toEqual(replica.adoption('guest'))
    expect(replica.adoption('nobody')).toBe(null)
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
