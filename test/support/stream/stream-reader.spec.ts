import { DatasetHistory } from '../dataset-history.js'
import type { StoredMessage } from '../kafka/kafka-cluster.js'
import { replace } from '../wire-client.js'
import { StreamReader, type ReaderOptions } from './stream-reader.js'

type Said = Readonly<{
  previousEpoch?: number
  previous?: number
  partition?: number
  value?: string
  epoch?: number
  lease?: number
  key?: string
  url?: string
}>

/** The change of the only dataset at a count. */
function message(count: number, said: Said = {}): StoredMessage {
  const {
    previousEpoch = 0,
    previous = count - 1,
    partition = 0,
    value = `v${count}`,
    epoch = 0,
    lease = 1,
    key = 'ada',
    url,
  } = said
  const records = [{ key: 'k', value, syncCount: count, op: 'replace' }]
  const payload = {
    identityId: 'ada',
    datasetName: 'prefs',
    operation: 'replace',
    ...(url === undefined ? { kinesisSyncRecords: records } : { kinesisSyncRecordsURL: url }),
    syncCount: count,
  }
  const headers = {
    id: `ada/prefs/${epoch}/${count}`,
    type: 'change',
    epoch: `${epoch}`,
    previousEpoch: `${previousEpoch}`,
    previousSyncCount: `${previous}`,
    leaseEpoch: `${lease}`,
  }
  return { partition, offset: 0, key, value: JSON.stringify(payload), headers }
}

function read(messages: readonly StoredMessage[], options?: ReaderOptions): StreamReader {
  const reader = new StreamReader(options)
  for (const each of messages) reader.take(each)
  return reader
}

const ADA = { identity: 'ada', dataset: 'prefs' }

/** Three changes that were answered. */
function history(): DatasetHistory {
  const answered = new DatasetHistory()
  for (const count of [1, 2, 3]) answered.accepted(count, [replace('k', `v${count}`, count - 1)])
  return answered
}

test('changes in order, some of them repeated, are no fault', () => {
  const reader = read([1, 2, 1, 2, 3, 3].map((count) => message(count)))
  expect(reader.faults).toEqual([])
  expect(reader.seen).toMatchObject({ messages: 6, changes: 3, repeated: 3 })
  expect(reader.differences(ADA, history())).toEqual([])
  expect([...reader.lastCounts()]).toEqual([['ada/prefs', 3]])
})

test.each([
  ['a change that is missing', [message(1), message(3)], 'follows 2, but 1 was the last'],
  ['two that are inverted', [message(1), message(3), message(2)], 'follows 2, but 1 was the last'],
  ['a first one that is missing', [message(2)], 'follows 1, but 0 was the last'],
  [
    'the first one of a newer epoch that is missing',
    [message(1), message(1, { epoch: 2, previousEpoch: 1 })],
    'follows 0',
  ],
  ['a second partition', [message(1), message(2, { partition: 1 })], 'is in partition 1, others in 0'],
  ['a repeat that says something else', [message(1), message(1, { value: 'x' })], 'is repeated with other bytes'],
  ['an old one that never came', [message(2, { previous: 0 }), message(1)], 'for the first time'],
  ['a key of somebody else', [message(1, { key: 'ben' })], 'has the key ben'],
])('%s is found', (_, messages, fault) => {
  expect(read(messages).faults).toEqual([expect.stringContaining(fault)])
})

test('a count that comes again in a newer epoch is another change', () => {
  const reader = read([message(1), message(2), message(2, { epoch: 1, value: 'x' })])
  expect(reader.faults).toEqual([])
  expect(reader.seen).toMatchObject({ changes: 3, repeated: 0 })
})

test('a repeat under a lease that was taken over is late', () => {
  const reader = read([message(1), message(2, { lease: 2 }), message(2), message(2, { lease: 2 })])
  expect(reader.seen).toMatchObject({ repeated: 2, lateRepeats: 1 })
})

test('what was answered and is not in the topic, or is there and was never answered, differs', () => {
  const short = read([message(1), message(2, { value: 'x' })])
  expect(short.differences(ADA, history())).toEqual([
    expect.stringContaining('count 2 says'),
    'count 3 is not in the topic',
  ])
  const long = read([1, 2, 3, 4].map((count) => message(count)))
  expect(long.differences(ADA, history())).toEqual(['count 4 was accepted from nobody'])
})

test('a link has to be followed, and to lead to the same records', async () => {
  const records = [{ key: 'k', value: 'v1', syncCount: 1, op: 'replace' }]
  const reader = read([message(1, { url: 'https://site/1' })])
  expect(reader.differences(ADA, history(), { through: 1 })).toHaveLength(1)
  await reader.follow((url) => Promise.resolve(url === 'https://site/1' ? records : []))
  expect(reader.differences(ADA, history(), { through: 1 })).toEqual([])
})

test('a topic that begins in the middle is followed from there', () => {
  expect(read([message(7), message(8)], { startsLate: true }).faults).toEqual([])
  expect(read([message(7), message(9)], { startsLate: true }).faults).toHaveLength(1)
})
