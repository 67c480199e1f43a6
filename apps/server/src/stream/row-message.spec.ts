import { rowMessage } from './row-message.js'
import { anOutboxRow } from './testing/an-outbox-row.js'

test('[V30] a message has the key, value and partition of its row, and headers that order it and know it again', () => {
  const row = anOutboxRow(5, 7, {
    previousEpoch: 1,
    previous: 4 as never,
    epoch: 2,
    type: 'snapshot',
    payload: '{"datasetName":"käse"}',
  })
  expect(rowMessage(row, 12)).toEqual({
    partition: row.partition,
    key: row.identity,
    value: '{"datasetName":"käse"}',
    headers: {
      id: row.id,
      type: 'snapshot',
      epoch: '2',
      previousEpoch: '1',
      previousSyncCount: '4',
      schemaVersion: '1',
      leaseEpoch: '12',
    },
  })
})

test('[V30] published again, it differs in the epoch of the lease only', () => {
  const row = anOutboxRow(5, 7)
  const [first, second] = [rowMessage(row, 1), rowMessage(row, 2)]
  expect({ ...second, headers: { ...second.headers, leaseEpoch: '1' } }).toEqual(first)
})
