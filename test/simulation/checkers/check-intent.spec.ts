import type { LogEntry } from '../history.js'
import { checkIntent, type JournaledEdit } from './check-intent.js'
import { commit, deletion, me } from './made-up-history.js'

describe('intent', () => {
  const seen = (base: number): JournaledEdit => ({
    identity: me,
    device: 'phone',
    dataset: 'prefs',
    key: 'a',
    value: 'mine',
    base,
  })
  const judged = (edited: JournaledEdit, entries: readonly LogEntry[], decided = false) =>
    checkIntent(
      entries,
      (_identity, _dataset, _key, value) => (value === 'mine' ? edited : undefined),
      () => new Set(['phone']),
      () => decided,
    )
  const theirs = commit(1, [['a', 'theirs', 0]], { by: 'pad' })
  const mine = commit(2, [['a', 'mine', 1]])

  test('writing over what was seen passes, and so does what somebody decided', () => {
    expect(judged(seen(1), [theirs, mine])).toEqual([])
    expect(judged(seen(0), [theirs, mine], true)).toEqual([])
  })

  test('finds a base that was moved past what another device wrote', () => {
    expect(judged(seen(0), [theirs, mine])).toHaveLength(1)
  })

  test('what was written on top of an own removal passes, where others wrote and left nothing meanwhile', () => {
    const others = (last: LogEntry) => [
      commit(1, [['a', 'old', 0]], { by: 'pad' }),
      commit(2, [['a', null, 1]]),
      commit(3, [['a', 'theirs', 2]], { by: 'pad' }),
      last,
      commit(5, [['a', 'mine', 0]]),
    ]
    expect(judged(seen(1), others({ ...deletion(4), by: 'pad' }))).toEqual([])
    expect(judged(seen(1), others(commit(4, [['a', 'again', 3]], { by: 'pad' })))).toHaveLength(1)
  })

  test('finds an edit that brings back what another device deleted', () => {
    const entries = [
      commit(1, [['a', 'old', 0]], { by: 'pad' }),
      { ...deletion(2), by: 'pad' },
      commit(3, [['a', 'mine', 0]]),
    ]
    expect(judged(seen(1), entries)).toHaveLength(1)
  })
})
