import type { Brand } from './brand.js'
import { faultInTextMember } from './constraints.js'
import { RECORD_KEY_LENGTH_MAX } from './limits.js'
import type { SyncCount } from './sync-count.js'
import { parsed, violated, type Parsed } from './violation.js'

/** The name of a record within its dataset: 1 to 1,024 characters, any that text may hold (SPEC T1). */
export type RecordKey = Brand<string, 'RecordKey'>

/** One key of a dataset as it is held: a value, or a tombstone where the value was removed. */
export type SyncRecord = Readonly<{
  key: RecordKey
  /** null is a tombstone. */
  value: string | null
  /** The dataset's count when this record was last written. */
  syncCount: SyncCount
  /** Server time of the last write, epoch milliseconds. */
  modifiedAt: number
  /** Who wrote it: a device, an identity or an account. */
  modifiedBy: string
  /** What the writing device's clock said, epoch milliseconds; metadata, decides nothing. */
  deviceModifiedAt: number | null
}>

/** A change to one record, made against the count at which its writer last saw it (SPEC C3). */
export type RecordPatch =
  | Readonly<{ op: 'replace'; key: RecordKey; value: string; base: SyncCount; deviceModifiedAt: number | null }>
  | Readonly<{ op: 'remove'; key: RecordKey; base: SyncCount; deviceModifiedAt: number | null }>

/** Patches that are accepted together or not at all (SPEC C4). */
export type Batch = readonly RecordPatch[]

export function parseRecordKey(sent: unknown, at: string): Parsed<RecordKey> {
  const fault = faultInTextMember(sent, { min: 1, max: RECORD_KEY_LENGTH_MAX })
  return fault === null ? parsed(sent as RecordKey) : violated(at, sent, fault)
}
