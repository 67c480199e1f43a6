import type { ErrorCode } from '../error-codes.js'
import { parseDatasetName, parseDeviceId, type DatasetName, type DeviceId } from '../ids.js'
import { DEVICE_ID_LENGTH_MAX, RECORD_VALUE_LENGTH_MAX } from '../limits.js'
import { parseRecordKey, type Batch, type RecordKey, type RecordPatch, type SyncRecord } from '../record.js'
import type { SyncCount } from '../sync-count.js'
import {
  DATASETS_PER_MESSAGE_MAX,
  PAGE_TOKEN_LENGTH_MAX,
  PATCHES_PER_BATCH_MAX,
  RECORDS_PER_CHANGES_MAX,
  TIME_MAX,
} from './bounds.js'
import {
  exactly,
  flag,
  hiddenText,
  integer,
  listOf,
  nullOr,
  oneOf,
  parserOf,
  takenBy,
  text,
  type Check,
} from './shape.js'
import { codeCheck, messageCheck } from './wire-answer.js'

/** Pull and push for any number of datasets, each named once. */
export type SyncRequest = Readonly<{
  /** Who numbers the batches. One local store is one device. */
  device: DeviceId
  datasets: readonly DatasetExchange[]
}>

/** What a device knows of one dataset, and what it wants to change there. */
export type DatasetExchange = Readonly<{
  dataset: DatasetName
  /** The epoch of what the device holds; 0 if it holds nothing. */
  epoch: number
  /** The count up to which the device has everything; 0 if it has nothing. */
  since: SyncCount
  /** `next` of the answer before, to go on with its snapshot; null to begin. With a page there is no batch. */
  page: string | null
  batch: NumberedBatch | null
}>

/**
 * A batch under a number that its device gives once. The same number with the same patches may be sent as often as
 * need be: it is applied once and always answered with the count it took then.
 */
export type NumberedBatch = Readonly<{
  /** From 1, rising within a device; numbers may be left out. */
  number: number
  patches: Batch
}>

/** In the order of the request. */
export type SyncAnswer = Readonly<{ datasets: readonly DatasetAnswer[] }>

export type DatasetAnswer = Readonly<{
  dataset: DatasetName
  /** What became of the batch; null if none was sent. */
  batch: BatchOutcome | null
  /** null: the answer was full before this dataset's turn, so ask again. */
  changes: Changes | null
}>

export type BatchOutcome =
  /** Durable. Every patched record has this count, this time and this writer now, or had them until another batch came. */
  | Readonly<{ outcome: 'accepted'; syncCount: SyncCount; at: number; by: string }>
  /** One patch, the first that was found, was made against another count than the server holds; nothing was applied. */
  | Readonly<{ outcome: 'conflict'; key: RecordKey; held: SyncCount; base: SyncCount }>
  /**
   * The server knows this number, or a higher one, from this device with other patches: two stores share a device id.
   * Nothing was applied; go on under a new device id.
   */
  | Readonly<{ outcome: 'number-used'; last: number }>
  /** Never to be accepted as it is. Nothing was applied. */
  | Readonly<{ outcome: 'refused'; code: ErrorCode; message: string }>

/** What brings a device from what it holds to the dataset as it was at the count `through`. */
export type Changes = Readonly<{
  epoch: number
  /** False for a dataset that never was or is deleted; `records` is then empty. */
  exists: boolean
  /** True when `records` are the whole dataset, and what the device holds besides is gone. */
  snapshot: boolean
  through: SyncCount
  /** In order of count and key, tombstones included. A delta is without what the batch of this very exchange wrote. */
  records: readonly SyncRecord[]
  /** Not null: there are further pages. Only all of them together bring the device to `through`. */
  next: string | null
}>

const key = takenBy(parseRecordKey)
const value = hiddenText({ max: RECORD_VALUE_LENGTH_MAX })
const page = nullOr(hiddenText({ min: 1, max: PAGE_TOKEN_LENGTH_MAX }))
const dataset = takenBy(parseDatasetName)
const deviceModifiedAt = nullOr(integer(-TIME_MAX, TIME_MAX))
/** A device, an identity or an account. */
const writer = text({ min: 1, max: DEVICE_ID_LENGTH_MAX })

const patch = oneOf<RecordPatch, 'op'>('op', {
  replace: { key, value, base: integer(), deviceModifiedAt },
  remove: { key, base: integer(), deviceModifiedAt },
})

const exchangeShape = exactly<DatasetExchange>({
  dataset,
  epoch: integer(),
  since: integer(),
  page,
  batch: nullOr(
    exactly<NumberedBatch>({
      number: integer(1),
      patches: listOf(patch, { min: 1, max: PATCHES_PER_BATCH_MAX, once: 'key' }),
    }),
  ),
})

const exchange: Check = (sent) => exchangeShape(sent) ?? faultInPair(sent as DatasetExchange)

const faultInPair = ({ page, batch }: DatasetExchange): ReturnType<Check> =>
  page === null || batch === null ? null : { at: 'batch', sent: {}, constraint: 'Member must be null with a page' }

export const parseSyncRequest = parserOf<SyncRequest>(
  exactly<SyncRequest>({
    device: takenBy(parseDeviceId),
    datasets: listOf(exchange, { max: DATASETS_PER_MESSAGE_MAX, once: 'dataset' }),
  }),
)

/** Records as the server sends them, in a sync's answer and in a hint alike. */
export const recordsCheck = listOf(
  exactly<SyncRecord>({
    key,
    value: nullOr(value),
    syncCount: integer(1),
    modifiedAt: integer(),
    modifiedBy: writer,
    deviceModifiedAt,
  }),
  { max: RECORDS_PER_CHANGES_MAX },
)

const outcome = oneOf<BatchOutcome, 'outcome'>('outcome', {
  accepted: { syncCount: integer(1), at: integer(), by: writer },
  conflict: { key, held: integer(), base: integer() },
  'number-used': { last: integer() },
  refused: { code: codeCheck, message: messageCheck },
})

const changes = exactly<Changes>({
  epoch: integer(),
  exists: flag,
  snapshot: flag,
  through: integer(),
  records: recordsCheck,
  next: page,
})

export const parseSyncAnswer = parserOf<SyncAnswer>(
  exactly<SyncAnswer>({
    datasets: listOf(exactly<DatasetAnswer>({ dataset, batch: nullOr(outcome), changes: nullOr(changes) }), {
      max: DATASETS_PER_MESSAGE_MAX,
      once: 'dataset',
    }),
  }),
)
