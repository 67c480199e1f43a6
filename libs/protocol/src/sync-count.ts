import type { Brand } from './brand.js'

/** A dataset's logical clock: one step for every accepted batch of patches (SPEC C1). */
export type SyncCount = Brand<number, 'SyncCount'>

/** The sync count of a record, or of a dataset, that this side has never seen. */
export const NEVER_SYNCED = 0 as SyncCount

/** Counts stay exact in JavaScript, JSON, SQLite and PostgreSQL alike up to here. */
export const SYNC_COUNT_MAX = Number.MAX_SAFE_INTEGER

/** True for a whole number from 0 to {@link SYNC_COUNT_MAX}. */
export const isSyncCount = (value: unknown): value is SyncCount =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** The count that follows; asserts that there is one. */
export function nextSyncCount(count: SyncCount): SyncCount {
  if (count >= SYNC_COUNT_MAX) throw new Error(`sync count ${count} has no successor`)
  return (count + 1) as SyncCount
}
