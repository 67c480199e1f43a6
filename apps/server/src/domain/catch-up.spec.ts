import type { DatasetName } from '@satchel/protocol'
import { catchUpOf } from './catch-up.js'
import { absentDataset } from './dataset.js'
import { aDataset, count } from './testing/a-dataset.js'

const never = absentDataset('settings' as DatasetName)
const dataset = aDataset() // epoch 1, count 7
const collected = aDataset({ collectedThrough: count(4) })
const recreated = aDataset({ epoch: 2, deletedAt: count(5) })
const deleted = aDataset({ exists: false, deletedAt: count(7) })

test.each([
  ['nothing of a dataset that never was', never, 0, 0, 'none'],
  ['something of a dataset that never was', never, 1, 3, 'gone'],
  ['nothing', dataset, 0, 0, 'snapshot'],
  ['count 0 of the epoch', dataset, 1, 0, 'snapshot'],
  ['an older count', dataset, 1, 3, 'delta'],
  ['the count before', dataset, 1, 6, 'delta'],
  ['the very count', dataset, 1, 7, 'none'],
  ['a later count, as after a restore', dataset, 1, 8, 'snapshot'],
  ['another epoch at the same count', dataset, 2, 7, 'snapshot'],
  ['a count before collected tombstones', collected, 1, 3, 'snapshot'],
  ['the count of the last collected tombstone', collected, 1, 4, 'delta'],
  ['the epoch before a new beginning', recreated, 1, 4, 'snapshot'],
  ['the deletion, before a new beginning', recreated, 1, 5, 'snapshot'],
  ['the new beginning', recreated, 2, 6, 'delta'],
  ['a deleted dataset before its deletion', deleted, 1, 3, 'gone'],
  ['nothing of a deleted dataset', deleted, 0, 0, 'gone'],
  ['the deletion', deleted, 1, 7, 'none'],
])('[NA6] a device that holds %s catches up so', (_, held, epoch, since, kind) => {
  expect(catchUpOf(held, { epoch, since: count(since) })).toEqual({ kind })
})
