import type { Changes, DatasetName, DeviceId, RecordKey, SyncCount, SyncRecord, BatchOutcome } from '@satchel/protocol'
import type { Edit, Entry } from '../../journal/entry.js'

export const PREFS = 'prefs' as DatasetName
export const NOTES = 'notes' as DatasetName
export const ME = 'me' as DeviceId
export const keyed = (name: string): RecordKey => name as RecordKey
export const counted = (value: number): SyncCount => value as SyncCount

export const edit = (key: string, value: string | null, base = 0, at = 10): Edit => ({
  key: keyed(key),
  value,
  base: counted(base),
  at,
})

export const edits = (...all: Edit[]): Entry => ({ kind: 'edit', dataset: PREFS, edits: all })
export const put = (key: string, value: string | null, base = 0, at = 10): Entry => edits(edit(key, value, base, at))
export const device = (id = 'me'): Entry => ({ kind: 'device', device: id as DeviceId })
export const batch = (number: number, ...keys: string[]): Entry => ({
  kind: 'batch',
  dataset: PREFS,
  number,
  keys: keys.map(keyed),
})
export const settle = (key: string, over: number, chosen: Edit | null): Entry => ({
  ...{ kind: 'settle', dataset: PREFS, key: keyed(key), over, edit: chosen },
})
export const park = (...keys: string[]): Entry => ({
  ...{ kind: 'park', dataset: PREFS, keys: keys.map(keyed), code: 'LimitExceeded', message: 'full' },
})

export const record = (key: string, value: string | null, at: number, by = 'other'): SyncRecord => ({
  key: keyed(key),
  value,
  syncCount: counted(at),
  modifiedAt: 1_000 + at,
  modifiedBy: by,
  deviceModifiedAt: null,
})

export const changes = (through: number, records: SyncRecord[], more: Partial<Changes> = {}): Changes => ({
  ...{ epoch: 1, exists: true, snapshot: false, through: counted(through), records, next: null },
  ...more,
})

export const snapshot = (through: number, records: SyncRecord[], more: Partial<Changes> = {}): Changes =>
  changes(through, records, { snapshot: true, ...more })

export const answer = (
  told: Changes | null,
  answered: [number: number, outcome: BatchOutcome] | null = null,
): Entry => ({
  kind: 'answer',
  dataset: PREFS,
  batch: answered === null ? null : { number: answered[0], outcome: answered[1] },
  changes: told,
})

export const accepted = (at: number): BatchOutcome => ({
  ...{ outcome: 'accepted', syncCount: counted(at), at: 2_000 + at, by: ME },
})
export const conflict: BatchOutcome = { outcome: 'conflict', key: keyed('a'), held: counted(9), base: counted(1) }
export const numberUsed: BatchOutcome = { outcome: 'number-used', last: 9 }
