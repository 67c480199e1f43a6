import { NEVER_SYNCED, type ErrorCode } from '@satchel/protocol'
import type { Edit } from '../journal/entry.js'
import { unmoved, type Held, type Moment, type Moved, type PendingEdit } from './held.js'
import { adopting } from './standing.js'

/**
 * The app changed the key. An edit folds into the one before it that the server has not taken: value and time of the newer,
 * base of the older, since what was shown meanwhile was the older edit and not the record (ND3). It goes out again if it
 * was parked (ND9).
 */
export function edited(held: Held, edit: Edit, moment: Moment): Moved {
  const older = held.pending ?? held.flown
  return adopting({ ...held, pending: pendingOf(edit, moment, older?.base ?? edit.base) }, moment)
}

/** The key comes along from a guest's store, which saw nothing of what is here. */
export const broughtAlong = (held: Held, edit: Edit, moment: Moment): Moved =>
  adopting({ ...held, pending: pendingOf(edit, moment, NEVER_SYNCED) }, moment)

/** Somebody decided between both sides of the key, looking at the pending edit of place `over` (ND8). */
export function decided(
  held: Held,
  { over, edit }: Readonly<{ over: number; edit: Edit | null }>,
  moment: Moment,
): Moved {
  const { pending, flown, record } = held
  if (pending?.place === over) {
    if (edit !== null) return adopting({ ...held, pending: pendingOf(edit, moment, edit.base) }, moment)
    return settledNow({ ...held, pending: null }, 'overruled', moment)
  }
  // What was looked at is not there any more. Whoever decided is told with whatever is still under way, if anything is.
  if (pending !== null || flown !== null) return unmoved(held)
  return settledNow(held, edit !== null && edit.value === (record?.value ?? null) ? 'accepted' : 'overruled', moment)
}

/** The server will never take the pending edit as it is (ND9). */
export function parked(
  held: Held,
  why: Readonly<{ code: ErrorCode; message: string }>,
  { place }: Pick<Moment, 'place'>,
): Moved {
  if (held.pending === null) return unmoved(held)
  const through = held.flown === null ? place : held.pending.place
  return { held: { ...held, pending: { ...held.pending, parked: why } }, settled: [{ through, as: why }] }
}

const pendingOf = ({ value, at }: Edit, { place }: Moment, base: Edit['base']): PendingEdit => ({
  value,
  base,
  at,
  place,
  parked: null,
})

/** While an edit is on its way, all that waits for the key waits for that one. */
const settledNow = (held: Held, as: 'accepted' | 'overruled', { place }: Moment): Moved => ({
  held,
  settled: held.flown === null ? [{ through: place, as }] : [],
})
