import { outboxRowOf } from './outbox-row-of.js'
import type { StreamChange } from './stream-change.js'
import { relinked, streamRecord } from './stream-record.js'
import { count, key, path, POOL, IDENTITY } from './testing/a-dataset.js'

const EVENT = 'event'
const link = (id: string) => `https://satchel.example/${id}`

const aChange = (over: Partial<StreamChange> = {}): StreamChange => ({
  kind: 'change',
  path: path(),
  target: { streamName: 'changes', partitions: 4, begun: 1, payloadBytesMax: 10_000 },
  operation: 'replace',
  epoch: 1,
  syncCount: count(7),
  previousEpoch: 1,
  previous: count(6),
  at: 5_000,
  records: [
    { key: key('a'), value: 'x', syncCount: count(7), modifiedAt: 5_000, modifiedBy: 'me', deviceModifiedAt: 4_000.6 },
    { key: key('b'), value: null, syncCount: count(7), modifiedAt: 5_000, modifiedBy: 'me', deviceModifiedAt: null },
  ],
  ...over,
})

test('[V8] a change is worded as Cognito Streams does, times in whole milliseconds, and nobody’s name in it', () => {
  const { payload, linked } = streamRecord(aChange(), EVENT, link)
  expect(payload).toBe(
    `{"identityPoolId":"${POOL}","identityId":"${IDENTITY}","datasetName":"settings","operation":"replace",` +
      '"kinesisSyncRecords":[' +
      '{"key":"a","value":"x","syncCount":7,"lastModifiedDate":5000,"deviceLastModifiedDate":4001,"op":"replace"},' +
      '{"key":"b","value":null,"syncCount":7,"lastModifiedDate":5000,"deviceLastModifiedDate":5000,"op":"remove"}],' +
      '"lastModifiedDate":5000,"payloadType":"Inline","syncCount":7}',
  )
  expect(linked).toBeNull()
})

test('[V8] the deletion of a dataset is a remove without records', () => {
  const { payload } = streamRecord(aChange({ operation: 'remove', records: [] }), EVENT, link)
  expect(JSON.parse(payload)).toMatchObject({ operation: 'remove', kinesisSyncRecords: [], payloadType: 'Inline' })
})

test('[V9] a payload of exactly as many UTF-8 bytes as the topic takes is sent whole, one byte more is linked', () => {
  const records = [{ ...aChange().records[0]!, value: '\u0001é😀'.repeat(50) }]
  const whole = streamRecord(aChange({ records }), EVENT, link)
  const bytes = Buffer.byteLength(whole.payload)
  expect(bytes).toBeGreaterThan(whole.payload.length)
  const within = (payloadBytesMax: number) =>
    streamRecord(aChange({ records, target: { ...aChange().target, payloadBytesMax } }), EVENT, link)
  expect(within(bytes)).toEqual(whole)
  const { payload, linked } = within(bytes - 1)
  expect(payload).toBe(
    `{"identityPoolId":"${POOL}","identityId":"${IDENTITY}","datasetName":"settings","operation":"replace",` +
      '"lastModifiedDate":5000,"kinesisSyncRecordsURL":"https://satchel.example/event","payloadType":"S3Url","syncCount":7}',
  )
  expect(JSON.parse(linked!)).toEqual((JSON.parse(whole.payload) as { kinesisSyncRecords: unknown }).kinesisSyncRecords)
})

test('[V9] a payload made whole is linked later to the same effect, and one that is linked is left alone', () => {
  const linkedAtOnce = streamRecord(aChange({ target: { ...aChange().target, payloadBytesMax: 1 } }), EVENT, link)
  const whole = streamRecord(aChange(), EVENT, link)
  expect(relinked(whole.payload, link(EVENT))).toEqual(linkedAtOnce)
  expect(relinked(linkedAtOnce.payload, link('other'))).toBeNull()
})

test('[V1] a row says what its change does, and is named after it', () => {
  const { row } = outboxRowOf(aChange(), link)
  expect(row).toMatchObject({
    id: `${IDENTITY}/settings/1/7`,
    type: 'change',
    previousEpoch: 1,
    previous: 6,
    createdAt: 5_000,
  })
  expect(outboxRowOf(aChange({ kind: 'snapshot' }), link).row.id).toBe(`${IDENTITY}/settings/1/7/snapshot`)
})

test('[V10] the time of a link is counted from its change', () => {
  const made: [string, number][] = []
  const target = { ...aChange().target, payloadBytesMax: 1 }
  const { row, linked } = outboxRowOf(aChange({ target }), (id, at) => {
    made.push([id, at])
    return link(id)
  })
  expect(made).toEqual([[row.id, 5_000]])
  expect(linked).toMatchObject({ id: row.id, createdAt: 5_000 })
})
