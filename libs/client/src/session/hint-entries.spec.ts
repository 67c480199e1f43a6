import type { Changed, DatasetName, SyncCount, SyncRecord } from '@satchel/protocol'
import { hintEntries } from './hint-entries.js'

const SETTINGS = 'settings' as DatasetName
const RECORDS: readonly SyncRecord[] = []

const hint = (base: number, through: number, over: Partial<Changed> = {}): Changed => ({
  dataset: SETTINGS,
  epoch: 1,
  base: base as SyncCount,
  through: through as SyncCount,
  records: RECORDS,
  ...over,
})

/** What a device that holds everything up to 5 makes of hints: the counts it takes, and whether it asks. */
function taken(...hints: readonly Changed[]) {
  const { entries, ask } = hintEntries(SETTINGS, { epoch: 1, since: 5 as SyncCount }, hints)
  return [entries.map((entry) => (entry.kind === 'answer' ? entry.changes?.through : null)), ask]
}

test.each([
  ['in order', [hint(5, 6), hint(6, 7)], [[6, 7], false]],
  ['again', [hint(4, 5), hint(5, 6), hint(5, 6), hint(4, 5)], [[6], false]],
  ['out of order', [hint(6, 7), hint(5, 6)], [[], true]],
  ['with one missing', [hint(5, 6), hint(7, 8)], [[6], true]],
  ['of several commits at once', [hint(3, 8, { records: null })], [[], true]],
  ['older than what is held', [hint(1, 2), hint(2, 3, { records: null })], [[], false]],
  ['of another epoch', [hint(5, 6, { epoch: 2 })], [[], true]],
])(
  '[RD1] of hints that come %s a device takes what continues what it holds, and asks for the rest',
  (_, hints, made) => {
    expect(taken(...hints)).toEqual(made)
  },
)
