import { AWS_LIMITS, type DatasetName, type RecordKey } from '@satchel/protocol'
import type { LogEntry } from '../history.js'
import { commit, deletion, me, prefs } from './made-up-history.js'
import { checkLog } from './replayed-log.js'

const found = (entries: readonly LogEntry[], limits = AWS_LIMITS): string[] =>
  checkLog(entries, limits, (value) => value.endsWith('#')).violations.map(({ checker }) => checker)

describe('the log', () => {
  test('a good history passes: updates, a removal, a deletion, a recreation, a collected tombstone', () => {
    const history = [
      commit(1, [['theme', 'dark#', 0]]),
      commit(2, [['theme', null, 1]]),
      { kind: 'collected', identity: me, dataset: prefs, keys: ['theme' as RecordKey] } as const,
      commit(3, [['theme', 'light#', 0]]),
      deletion(4),
      commit(5, [['theme', 'blue#', 0]], { epoch: 2 }),
    ]
    expect(checkLog(history, AWS_LIMITS, () => true).violations).toEqual([])
  })

  test.each<[string, string, readonly LogEntry[]]>([
    ['a count left out', 'counts', [commit(1, []), commit(3, [])]],
    ['a count used twice', 'counts', [commit(1, []), commit(1, [], { batch: 'other' })]],
    ['counts that start over after a deletion', 'counts', [commit(1, []), deletion(2), commit(1, [], { epoch: 2 })]],
    ['an epoch that falls', 'counts', [commit(1, [], { epoch: 2 }), commit(2, [], { epoch: 1 })]],
    ['a patch against an old count', 'bases', [commit(1, [['a', 'x', 0]]), commit(2, [['a', 'y', 0]])]],
    ['a patch against a count to come', 'bases', [commit(1, [['a', 'x', 7]])]],
    [
      'a removed key that returns from nothing',
      'bases',
      [commit(1, [['a', 'x', 0]]), commit(2, [['a', null, 1]]), commit(3, [['a', 'x', 0]])],
    ],
    ['a batch applied twice', 'once', [commit(1, [], { batch: 'same' }), commit(2, [], { batch: 'same' })]],
    ['a value applied twice under two numbers', 'once', [commit(1, [['a', 'x#', 0]]), commit(2, [['a', 'x#', 1]])]],
    [
      'a key twice in a batch',
      'atomic',
      [
        commit(1, [
          ['a', 'x', 0],
          ['a', 'y', 0],
        ]),
      ],
    ],
    [
      'a live record collected',
      'collected',
      [commit(1, [['a', 'x', 0]]), { kind: 'collected', identity: me, dataset: prefs, keys: ['a' as RecordKey] }],
    ],
  ])('finds %s', (_, checker, history) => {
    expect(found(history)).toContain(checker)
  })

  test('finds a passed limit at the very commit, also when a later one makes it good', () => {
    const limits = { ...AWS_LIMITS, recordsPerDatasetMax: 1 }
    expect(found([commit(1, [['a', '', 0]]), commit(2, [['b', '', 0]]), commit(3, [['b', null, 2]])], limits)).toEqual([
      'limits',
    ])
  })

  test('measures bytes of UTF-8, and of the whole identity', () => {
    const limits = { ...AWS_LIMITS, bytesPerDatasetMax: 4, bytesPerIdentityMax: 6 }
    expect(found([commit(1, [['a', 'é', 0]])], limits)).toEqual([])
    expect(found([commit(1, [['a', 'éé', 0]])], limits)).toEqual(['limits'])
    const other = commit(1, [['b', 'yyy', 0]], { dataset: 'notes' as DatasetName })
    expect(found([commit(1, [['a', 'é', 0]]), other], limits)).toEqual(['limits'])
  })
})
