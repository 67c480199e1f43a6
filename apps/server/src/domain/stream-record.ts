import { byteSize, type SyncRecord } from '@satchel/protocol'
import type { StreamChange } from './stream-change.js'

/** A change as its consumers get it. */
export type StreamRecord = Readonly<{
  /** JSON of Cognito Streams. */
  payload: string
  /** The records behind the payload's link, a JSON array; null where they are in the payload. */
  linked: string | null
}>

/** Where the records of an event can be fetched: makes a URL from the event's id. */
export type Link = (eventId: string) => string

/**
 * Words a change as Cognito Streams does (V8). One whose JSON is larger than the target takes is published without its
 * records, with a link to them (V9).
 */
export function streamRecord(change: StreamChange, eventId: string, link: Link): StreamRecord {
  const records = change.records.map(recordOf)
  const payload = payloadOf(change, { kinesisSyncRecords: records }, 'Inline')
  if (isWithin(payload, change.target.payloadBytesMax)) return { payload, linked: null }
  return {
    payload: payloadOf(change, { kinesisSyncRecordsURL: link(eventId) }, 'S3Url'),
    linked: JSON.stringify(records),
  }
}

/** The same change with a link in place of its records, for a payload that was made with them; null for one that has a link already. */
export function relinked(payload: string, url: string): Readonly<{ payload: string; linked: string }> | null {
  const { kinesisSyncRecords, lastModifiedDate, syncCount, ...rest } = JSON.parse(payload) as InlinePayload
  if (rest.payloadType !== 'Inline') return null
  const { payloadType: _, ...head } = rest
  const tail = { kinesisSyncRecordsURL: url, payloadType: 'S3Url', syncCount }
  return { payload: JSON.stringify({ ...head, lastModifiedDate, ...tail }), linked: JSON.stringify(kinesisSyncRecords) }
}

type PayloadType = 'Inline' | 'S3Url'

type InlinePayload = Readonly<{
  kinesisSyncRecords: unknown
  lastModifiedDate: number
  payloadType: PayloadType
  syncCount: number
}>

/** The members in the order in which Cognito Streams shows them. */
const payloadOf = (
  { path, operation, at, syncCount }: StreamChange,
  { kinesisSyncRecords, kinesisSyncRecordsURL }: { kinesisSyncRecords?: unknown[]; kinesisSyncRecordsURL?: string },
  payloadType: PayloadType,
): string =>
  JSON.stringify({
    identityPoolId: path.pool,
    identityId: path.identity,
    datasetName: path.dataset,
    operation,
    kinesisSyncRecords,
    lastModifiedDate: at,
    kinesisSyncRecordsURL,
    payloadType,
    syncCount,
  })

const recordOf = ({ key, value, syncCount, modifiedAt, deviceModifiedAt }: SyncRecord) => ({
  key,
  value,
  syncCount,
  lastModifiedDate: modifiedAt,
  // A device's clock may tell parts of a millisecond.
  deviceLastModifiedDate: Math.round(deviceModifiedAt ?? modifiedAt),
  op: value === null ? 'remove' : 'replace',
})

/** A UTF-16 code unit takes 3 bytes at most, so that a small text need not be measured. */
const isWithin = (text: string, bytesMax: number): boolean => text.length * 3 <= bytesMax || byteSize(text) <= bytesMax
