import { byteSize, type RecordKey, type RecordPatch, type SyncCount, type SyncRecord } from '@satchel/protocol'

/** What judging a patch needs to know of a stored record: its count and its size, never its value. */
export type HeldRecord = Readonly<{
  syncCount: SyncCount
  /** UTF-8 bytes of the value, or null for a tombstone. */
  valueBytes: number | null
}>

/** What a record weighs against its dataset: key and value, or nothing for a tombstone (SPEC L5). */
export function recordBytes(key: RecordKey, held: HeldRecord | undefined): number {
  if (held === undefined || held.valueBytes === null) return 0
  return byteSize(key) + held.valueBytes
}

/** The record that an accepted patch leaves behind. */
export function patched(
  patch: RecordPatch,
  written: Readonly<{ syncCount: SyncCount; at: number; by: string }>,
): SyncRecord {
  return {
    key: patch.key,
    value: patch.op === 'replace' ? patch.value : null,
    syncCount: written.syncCount,
    modifiedAt: written.at,
    modifiedBy: written.by,
    deviceModifiedAt: patch.deviceModifiedAt,
  }
}
