import { standingOf } from './changes-since.js'
import { absentDataset } from './dataset.js'
import { aDataset, count, path } from './testing/a-dataset.js'

const deleted = aDataset({ exists: false, syncCount: count(6), deletedAt: count(6) })
const recreated = aDataset({ exists: true, syncCount: count(9), deletedAt: count(6) })

test('[R7] a dataset that never was lists as absent, at count 0', () => {
  expect(standingOf(absentDataset(path().dataset), count(0))).toEqual({
    kind: 'listed',
    exists: false,
    syncCount: 0,
    deletedSince: false,
  })
})

test('[D4] a deleted dataset lists like one that never was, at count 0', () => {
  expect(standingOf(deleted, count(0))).toMatchObject({ exists: false, syncCount: 0, deletedSince: false })
})

test.each([
  ['never synced', 0, false],
  ['saw the first count', 1, true],
  ['was fully up to date', 5, true],
])('[D5] before a recreation, a reader that %s is told of the deletion: %s → %s', (_, since, told) => {
  expect(standingOf(deleted, count(since))).toMatchObject({ deletedSince: told })
})

test.each([
  [0, false],
  [1, true],
  [5, true],
  [6, false],
  [7, false],
  [9, false],
])('[D5] after a recreation, a reader at %i is told of the deletion: %s', (since, told) => {
  expect(standingOf(recreated, count(since))).toMatchObject({ deletedSince: told, exists: true, syncCount: 9 })
})

test('[B3] a reader older than the collected tombstones is told to start over', () => {
  const collected = aDataset({ syncCount: count(9), collectedThrough: count(4) })
  expect(standingOf(collected, count(3))).toMatchObject({ deletedSince: true })
  expect(standingOf(collected, count(4))).toMatchObject({ deletedSince: false })
})

test('[R3] a count above the dataset’s is refused, whether the dataset exists or not', () => {
  expect(standingOf(recreated, count(10))).toEqual({ kind: 'no-such-count', since: 10 })
  expect(standingOf(absentDataset(path().dataset), count(1))).toEqual({ kind: 'no-such-count', since: 1 })
})
