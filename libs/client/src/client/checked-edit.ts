import {
  byteSize,
  faultInTextMember,
  parseRecordKey,
  RECORD_VALUE_LENGTH_MAX,
  violationMessage,
  type Limits,
  type RecordKey,
} from '@satchel/protocol'
import { EditRefused, type Edits } from '../api.js'

/** What an edit is judged against: the dataset as it is shown, and what else the user holds. */
export type Room = Readonly<{
  limits: Limits
  usage: Readonly<{ records: number; bytes: number }>
  identityUsage: Readonly<{ datasets: number; bytes: number }>
  valueOf(key: string): string | undefined
}>

export type CheckedEdits = ReadonlyMap<RecordKey, string | null>

/**
 * Checks edits by the server's own rules, before anything is queued. Of several edits of one key the last counts.
 * Throws {@link EditRefused}. A removal, and whatever shrinks what is over a limit, is never refused for room.
 */
export function checkedEdits(edits: Edits, room: Room): CheckedEdits {
  const checked = new Map<RecordKey, string | null>()
  for (const [sent, value] of edits) {
    const key = parseRecordKey(sent, 'key')
    if (!key.ok) throw new EditRefused('InvalidParameter', violationMessage([key.violation]))
    const fault = value === null ? null : faultInTextMember(value, { max: RECORD_VALUE_LENGTH_MAX })
    if (fault !== null) {
      throw new EditRefused('InvalidParameter', violationMessage([{ at: 'value', constraint: fault }]))
    }
    checked.set(key.value, value)
  }
  refuseBeyondLimits(checked, room)
  return checked
}

function refuseBeyondLimits(edits: CheckedEdits, { limits, usage, identityUsage, valueOf }: Room): void {
  let records = 0
  let bytes = 0
  for (const [key, value] of edits) {
    const before = valueOf(key)
    records += Number(value !== null) - Number(before !== undefined)
    const keyBytes = value !== null || before !== undefined ? byteSize(key) : 0
    if (value !== null) bytes += keyBytes + byteSize(value)
    if (before !== undefined) bytes -= keyBytes + byteSize(before)
  }
  refuseAbove('records in the dataset', usage.records, records, limits.recordsPerDatasetMax)
  refuseAbove('bytes in the dataset', usage.bytes, bytes, limits.bytesPerDatasetMax)
  refuseAbove('bytes of all datasets', identityUsage.bytes, bytes, limits.bytesPerIdentityMax)
  const grown = usage.records === 0 && records > 0 ? 1 : 0
  refuseAbove('datasets', identityUsage.datasets, grown, limits.datasetsPerIdentityMax)
}

function refuseAbove(what: string, held: number, more: number, max: number): void {
  if (more > 0 && held + more > max) {
    throw new EditRefused('LimitExceeded', `there would be ${held + more} ${what}; at most ${max} are allowed`)
  }
}
