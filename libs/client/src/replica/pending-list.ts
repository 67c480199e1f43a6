import { byCodePoint, type RecordKey } from '@satchel/protocol'
import type { Held, PendingEdit } from '../merge/held.js'
import type { HeldKeys } from './held-keys.js'
import type { Clash, Pending } from './replica.js'
import type { UnplacedEdit } from './unplaced.js'

type Sent = Pending & Readonly<{ sent: boolean }>

export const pendingOf = (key: RecordKey, { value, base, at, place, parked }: PendingEdit): Pending => ({
  ...{ key, value, base, at, place, parked },
})

/** Every edit that is not accepted, by key; of one key, what is on its way comes first. */
export function pendingList(
  keys: HeldKeys,
  unplaced: ReadonlyMap<RecordKey, readonly UnplacedEdit[]> | undefined,
): Sent[] {
  const list: Sent[] = []
  for (const key of keys.flown())
    list.push({ ...pendingOf(key, { ...keys.get(key).flown!, parked: null }), sent: true })
  for (const { key, pending } of keys.pending()) {
    if (!unplaced?.has(key)) list.push({ ...pendingOf(key, pending!), sent: false })
  }
  for (const [key, edits] of unplaced ?? []) {
    const { value, at } = edits.at(-1)!.edit
    const base = keys.get(key).pending?.base ?? edits[0]!.edit.base
    // Place 0: it is not in the journal yet.
    list.push({ key, value, base, at, place: 0, parked: null, sent: false })
  }
  return list.sort((a, b) => byCodePoint(a.key, b.key) || Number(b.sent) - Number(a.sent))
}

/** Both sides of a key that clashes. */
export function clashOf({ key, pending, record }: Held): Clash {
  const { value, count: syncCount, modifiedAt, modifiedBy, deviceModifiedAt } = record!
  return {
    pending: pendingOf(key, pending!),
    remote: { key, value, syncCount, modifiedAt, modifiedBy, deviceModifiedAt },
  }
}
