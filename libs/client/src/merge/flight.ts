import { NEVER_SYNCED, type BatchOutcome, type RecordPatch } from '@satchel/protocol'
import { unmoved, type Held, type HeldRecord, type Moment, type Moved } from './held.js'
import { adopting, patchBaseOf, standingOf } from './standing.js'

/** The pending edit goes out, if it may: its base is frozen from here on (ND4). */
export function departed(held: Held, moment: Moment): Held {
  const { pending, flown, record } = held
  if (pending === null || flown !== null || pending.parked !== null) return held
  if (standingOf(pending, record, moment) !== 'sendable') return held
  const { value, base, at, place } = pending
  return { ...held, pending: null, flown: { value, base, at, place, patchBase: patchBaseOf(record) } }
}

/**
 * The server has the edit. What this device wrote on top of what it knew stays its own, so a pending edit of
 * the key goes on from here and does not clash with its own past (ND5).
 */
export function arrived(held: Held, outcome: Extract<BatchOutcome, { outcome: 'accepted' }>, moment: Moment): Moved {
  const { flown, pending, record } = held
  if (flown === null) return unmoved(held)
  const { syncCount: count, at, by } = outcome
  // A repeated answer may be older than what was pulled since.
  const known: HeldRecord =
    record !== null && record.count >= count
      ? record
      : {
          value: flown.value,
          count,
          ownSince: record?.ownSince ?? NEVER_SYNCED,
          modifiedAt: at,
          modifiedBy: by,
          deviceModifiedAt: flown.at,
          gone: false,
        }
  const landed = { through: pending === null ? moment.place : flown.place, as: 'accepted' } as const
  const { held: left, settled } = adopting({ ...held, record: known, flown: null }, moment)
  return { held: left, settled: [landed, ...settled] }
}

/** Nothing of the batch was applied: the edit is pending again, unless a newer one has taken its place (ND6). */
export function returned(held: Held, moment: Moment): Moved {
  const { flown, pending } = held
  if (flown === null) return unmoved(held)
  const { value, base, at, place } = flown
  return adopting({ ...held, flown: null, pending: pending ?? { value, base, at, place, parked: null } }, moment)
}

/** The patch by which an edit on its way is sent, each time the same. */
export function patchOf({ key, flown }: Held): RecordPatch {
  if (flown === null) throw new Error('only an edit on its way has a patch')
  const { value, patchBase: base, at: deviceModifiedAt } = flown
  return value === null
    ? { op: 'remove', key, base, deviceModifiedAt }
    : { op: 'replace', key, value, base, deviceModifiedAt }
}
