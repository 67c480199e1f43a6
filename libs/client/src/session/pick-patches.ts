import { byteSize, PATCHES_PER_BATCH_MAX, type RecordKey } from '@satchel/protocol'
import type { Edit } from '../journal/entry.js'

/** Bytes of keys and values in one batch; a single larger edit still goes, alone. */
export const BATCH_BYTES_MAX = 1_048_576

/**
 * The edits that go out as one batch: as many as it may hold. With fewer than all, removals go first, so that they make room for the
 * rest.
 */
export function pickPatches(
  edits: Iterable<Pick<Edit, 'key' | 'value'>>,
  patchesMax = PATCHES_PER_BATCH_MAX,
): RecordKey[] {
  const all = [...edits]
  const ordered =
    all.length > patchesMax
      ? [...all.filter(({ value }) => value === null), ...all.filter(({ value }) => value !== null)]
      : all
  const keys: RecordKey[] = []
  let bytes = 0
  for (const { key, value } of ordered) {
    bytes += byteSize(key) + (value === null ? 0 : byteSize(value))
    if (keys.length >= patchesMax || (bytes > BATCH_BYTES_MAX && keys.length > 0)) break
    keys.push(key)
  }
  return keys
}
