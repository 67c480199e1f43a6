import { NEVER_SYNCED, type SyncCount } from '@satchel/protocol'
import { unmoved, type Held, type HeldRecord, type Moment, type Moved, type PendingEdit } from './held.js'

/** How a pending edit stands against the record that it would change. */
export type EditStanding =
  /** Nobody but this device changed the record since the edit was made. */
  | 'sendable'
  /** The record has the edit's value already, so there is nothing to send and nothing to decide. */
  | 'adopted'
  /** Somebody else changed the record since, to another value. */
  | 'clash'

/** Derived each time and never stored, so it cannot be out of date (ND1, ND2). */
export function standingOf(
  { value, base }: Pick<PendingEdit, 'value' | 'base'>,
  record: HeldRecord | null,
  { complete }: Pick<Moment, 'complete'>,
): EditStanding {
  // Before the first answer a key without a record may well have one: removing it has to be said.
  if (record === null) return value === null && complete ? 'adopted' : 'sendable'
  if (value === record.value) return 'adopted'
  return base >= record.ownSince ? 'sendable' : 'clash'
}

/** True while the key waits for a decision: what clashes is neither parked, nor is another edit of the key on its way. */
export const isClash = ({ pending, flown, record }: Held): boolean =>
  pending !== null &&
  pending.parked === null &&
  flown === null &&
  record !== null &&
  // A clash is with a record, so it does not matter here what a missing one would mean.
  standingOf(pending, record, { complete: true }) === 'clash'

/** The count that a patch to the record carries: what the server holds for the key. */
export const patchBaseOf = (record: HeldRecord | null): SyncCount =>
  record === null || record.gone ? NEVER_SYNCED : record.count

/**
 * Drops a pending edit whose value the record has. While another edit of the key is on its way, the record is about to
 * change, so nothing can be said yet.
 */
export function adopting(held: Held, moment: Moment): Moved {
  const { pending, flown, record } = held
  if (pending === null || flown !== null || standingOf(pending, record, moment) !== 'adopted') return unmoved(held)
  return { held: { ...held, pending: null }, settled: [{ through: moment.place, as: 'accepted' }] }
}
