import type { RecordMetadata } from 'kafkajs'
import { judgeAnswer, offsetsAfter, type Sent } from './kafka-answer.js'

const sentTo = (...partitions: number[]): Sent => ({
  topic: 't',
  messages: partitions.map((partition) => ({ partition, key: 'k', value: 'v', headers: {} })),
})

const entry = (partition: number, baseOffset: string | undefined, over: Partial<RecordMetadata> = {}) => ({
  topicName: 't',
  partition,
  errorCode: 0,
  ...(baseOffset === undefined ? {} : { baseOffset }),
  ...over,
})

test.each([
  ['one entry for each partition', sentTo(0, 1, 0), [entry(1, '7'), entry(0, '0')], 'acknowledged'],
  ['an offset at the lowest one that can be', sentTo(2), [entry(2, '10')], 'acknowledged'],
  ['an offset below what was acknowledged before', sentTo(2), [entry(2, '9')], 'unknown'],
  ['an offset beyond the whole numbers of a double', sentTo(0), [entry(0, '9007199254740993')], 'acknowledged'],
  ['no offset', sentTo(0), [entry(0, undefined)], 'unknown'],
  ['the offset -1', sentTo(0), [entry(0, '-1')], 'unknown'],
  ['an error for one of two', sentTo(0, 1), [entry(0, '0'), entry(1, '0', { errorCode: 6 })], 'unknown'],
  ['two entries for one partition', sentTo(0), [entry(0, '0'), entry(0, '1')], 'unknown'],
  ['an entry for a partition that nothing was sent to', sentTo(0), [entry(0, '0'), entry(1, '0')], 'unknown'],
  ['nothing at all', sentTo(0), [], 'unwritable'],
  ['nothing for one of two', sentTo(0, 1), [entry(0, '0')], 'unwritable'],
  ['an entry of another topic', sentTo(0), [entry(0, '0', { topicName: 'other' })], 'unwritable'],
])('[V42] %s', (_, sent, answer, kind) => {
  expect(judgeAnswer(sent, answer, new Map([[2, 10n]]))).toMatchObject({ kind })
})

test('[V42] each partition goes on behind what was acknowledged in it', () => {
  const sent = sentTo(0, 1, 0, 0)
  const after = offsetsAfter(
    sent,
    [entry(0, '5'), entry(1, '0')],
    new Map([
      [0, 5n],
      [3, 9n],
    ]),
  )
  expect([...after].sort(([a], [b]) => a - b)).toEqual([
    [0, 8n],
    [1, 1n],
    [3, 9n],
  ])
})
