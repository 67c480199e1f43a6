import type { RecordKey, SyncCount } from '@satchel/protocol'
import { AnswerCheck } from './check-answer.js'
import { commit, me, prefs } from './made-up-history.js'

describe('answers', () => {
  const log = [
    commit(1, [
      ['a', '1', 0],
      ['b', '1', 0],
    ]),
    commit(2, [['a', null, 1]]),
  ]
  const record = (key: string, value: string | null, syncCount: number) => ({
    ...{ key: key as RecordKey, value, syncCount: syncCount as SyncCount },
    ...{ modifiedAt: 0, modifiedBy: 'phone', deviceModifiedAt: null },
  })
  const answered = (
    since: number,
    snapshot: boolean,
    records: ReturnType<typeof record>[],
    own: number | null = null,
  ) =>
    new AnswerCheck(() => log).check(
      me,
      { dataset: prefs, epoch: 1, since: since as SyncCount, page: null, batch: null },
      { epoch: 1, exists: true, snapshot, through: 2 as SyncCount, records, next: null },
      own as SyncCount | null,
    )

  test('a whole delta, a whole snapshot, and a delta without what was just written pass', () => {
    expect(answered(1, false, [record('a', null, 2)])).toEqual([])
    expect(answered(1, false, [], 2)).toEqual([])
    expect(answered(0, true, [record('b', '1', 1)])).toEqual([])
  })

  test('finds a record left out, one that is old, and one that was not due', () => {
    expect(answered(1, false, [])).toHaveLength(1)
    expect(answered(0, true, [record('a', '1', 1), record('b', '1', 1)])).toHaveLength(1)
    expect(answered(0, false, [record('a', '1', 1), record('b', '1', 1)])).toHaveLength(1)
    expect(answered(1, false, [record('a', null, 2), record('b', '1', 1)])).toHaveLength(1)
  })
})
