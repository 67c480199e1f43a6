import type { DeviceId, RecordKey, SyncCount, SyncRecord } from '@satchel/protocol'
import type { Edit } from '../../journal/entry.js'
import type { FlownEdit, Held, HeldRecord, Moment, PendingEdit } from '../held.js'

export const KEY = 'theme' as RecordKey
export const ME = 'me' as DeviceId
export const count = (value: number): SyncCount => value as SyncCount

/** Place 9, in a dataset of which the server has told everything. */
export const NOW: Moment = { place: 9, complete: true }
export const BEFORE_FIRST_ANSWER: Moment = { place: 9, complete: false }

/** A record of another device at a count; with `ownSince`, one that this device has changed since then. */
export const record = (value: string | null, at: number, more: Partial<HeldRecord> = {}): HeldRecord => ({
  value,
  count: count(at),
  ownSince: count(at),
  modifiedAt: 1_000 + at,
  modifiedBy: more.ownSince === undefined ? 'other' : ME,
  deviceModifiedAt: null,
  gone: false,
  ...more,
})

export const ownSince = (value: number): Partial<HeldRecord> => ({ ownSince: count(value) })

export const pending = (value: string | null, base: number, more: Partial<PendingEdit> = {}): PendingEdit => ({
  ...{ value, base: count(base), at: 50, place: 5, parked: null },
  ...more,
})

export const flown = (value: string | null, base: number, more: Partial<FlownEdit> = {}): FlownEdit => ({
  ...{ value, base: count(base), at: 40, place: 4, patchBase: count(base) },
  ...more,
})

export const held = (parts: Partial<Held>): Held => ({ key: KEY, record: null, pending: null, flown: null, ...parts })

export const edit = (value: string | null, base: number, at = 60): Edit => ({ key: KEY, value, base: count(base), at })

/** A record as the server sends it. */
export const sent = (value: string | null, at: number, modifiedBy = 'other'): SyncRecord => ({
  key: KEY,
  value,
  syncCount: count(at),
  modifiedAt: 1_000 + at,
  modifiedBy,
  deviceModifiedAt: null,
})
