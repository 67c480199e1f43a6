import { faultInTextMember } from './constraints.js'
import { RECORD_VALUE_LENGTH_MAX } from './limits.js'
import { parseRecordKey, type Batch, type RecordKey, type RecordPatch } from './record.js'
import { isSyncCount, SYNC_COUNT_MAX } from './sync-count.js'
import { parsed, violated, type Parsed } from './violation.js'

/** A patch as a face found it, before anything about it is believed. */
export type UncheckedPatch = Readonly<{
  op: unknown
  key: unknown
  value: unknown
  base: unknown
  /** Epoch milliseconds, or null when the writer gave no time. */
  deviceModifiedAt: unknown
}>

/** Latest time a date can hold, epoch milliseconds. */
const TIME_MAX = 8.64e15

/**
 * Checks a batch in one pass and stops at its first fault. Both faces and the client call this, so that
 * they refuse the same bytes with the same words. One key twice in a batch is refused (SPEC P4); a value sent
 * with `remove` is ignored (SPEC P3).
 */
export function parseBatch(patches: readonly UncheckedPatch[], at = 'recordPatches'): Parsed<Batch> {
  const batch: RecordPatch[] = []
  const keys = new Set<RecordKey>()
  for (const [index, unchecked] of patches.entries()) {
    const where = `${at}.${index + 1}.member`
    const patch = parsePatch(unchecked, where)
    if (!patch.ok) return patch
    if (keys.has(patch.value.key)) {
      return violated(`${where}.key`, patch.value.key, 'Member must occur only once in a batch')
    }
    keys.add(patch.value.key)
    batch.push(patch.value)
  }
  return parsed(batch)
}

function parsePatch(unchecked: UncheckedPatch, at: string): Parsed<RecordPatch> {
  const key = parseRecordKey(unchecked.key, `${at}.key`)
  if (!key.ok) return key
  const { base, op, value } = unchecked
  if (!isSyncCount(base)) {
    const fault = `Member must be an integer from 0 to ${SYNC_COUNT_MAX}`
    return violated(`${at}.syncCount`, base, base === undefined || base === null ? 'Member must not be null' : fault)
  }
  const deviceModifiedAt = unchecked.deviceModifiedAt ?? null
  if (deviceModifiedAt !== null && !isTime(deviceModifiedAt)) {
    return violated(`${at}.deviceLastModifiedDate`, deviceModifiedAt, 'Member must be a time')
  }
  if (op === 'remove') return parsed({ op, key: key.value, base, deviceModifiedAt })
  if (op !== 'replace') {
    const absent = op === undefined || op === null
    return violated(
      `${at}.op`,
      op,
      absent ? 'Member must not be null' : 'Member must satisfy enum value set: [replace, remove]',
    )
  }
  const fault = faultInTextMember(value, { max: RECORD_VALUE_LENGTH_MAX })
  // A value is the user's own; it is never shown, not even to its sender, so that no log can catch it.
  if (fault !== null) return violated(`${at}.value`, value === undefined || value === null ? value : {}, fault)
  return parsed({ op, key: key.value, value: value as string, base, deviceModifiedAt })
}

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= TIME_MAX
