import { NEVER_SYNCED, type DeviceId, type SyncCount, type SyncRecord } from '@satchel/protocol'
import type { FlownEdit, Held, HeldRecord, Moment, Moved, PendingEdit } from './held.js'
import { heldRecord } from './pull.js'
import { adopting } from './standing.js'

/** What a snapshot says of one key. */
export type SnapshotOfKey = Readonly<{
  /** null: the server does not have the key. */
  record: SyncRecord | null
  /** The count that the snapshot shows. */
  through: SyncCount
  device: DeviceId | null
}>

/**
 * A snapshot takes the place of all that was known. A record that is missing in it was removed, which an edit may clash with
 * (ND11). A record that is older than the one held means that the server was set back: what this device had written and
 * the server forgot becomes an edit again (ND12).
 */
export function replaced(held: Held, told: SnapshotOfKey, moment: Moment): Moved {
  const known = held.record
  if (known === null || (told.record !== null && told.record.syncCount > known.count)) {
    const record = told.record === null ? null : heldRecord(held, told.record, told.device)
    return adopting({ ...held, record }, moment)
  }
  if (told.record === null) {
    return known.count > told.through ? setBack(held, known, told, moment) : vanished(held, known, told, moment)
  }
  return isSame(known, told.record) ? adopting(held, moment) : setBack(held, known, told, moment)
}

const isSame = (known: HeldRecord, record: SyncRecord): boolean =>
  !known.gone &&
  known.count === record.syncCount &&
  known.value === record.value &&
  known.modifiedAt === record.modifiedAt &&
  known.modifiedBy === record.modifiedBy

function vanished(held: Held, known: HeldRecord, { through }: SnapshotOfKey, moment: Moment): Moved {
  // Another tab's edit that saw the record may still come, so the key is remembered until the next snapshot.
  if (known.gone) {
    const idle = held.pending === null && held.flown === null
    return adopting(idle ? { ...held, record: null } : held, moment)
  }
  // That a tombstone was collected changes nothing but the count against which the key is written.
  const gone: HeldRecord =
    known.value === null
      ? { ...known, gone: true }
      : { ...known, value: null, count: through, ownSince: through, modifiedBy: '', deviceModifiedAt: null, gone: true }
  return adopting({ ...held, record: gone }, moment)
}

function setBack(held: Held, known: HeldRecord, { record, device }: SnapshotOfKey, moment: Moment): Moved {
  const count = record?.syncCount ?? NEVER_SYNCED
  const ownSince = record !== null && record.modifiedBy === device && known.ownSince <= count ? known.ownSince : count
  const now = record === null ? null : { ...heldRecord(held, record, device), ownSince }
  const pending = held.pending === null ? null : rebased(held.pending, known, count)
  const flown = held.flown === null ? null : rebased(held.flown, known, count)
  const forgotten = isOwn(known) && held.pending === null && held.flown === null
  return adopting({ ...held, record: now, flown, pending: forgotten ? again(known, count, moment) : pending }, moment)
}

/** Counts above the server's mean nothing any more, so an edit that knew of them goes on from what there is. */
const rebased = <E extends PendingEdit | FlownEdit>(edit: E, known: HeldRecord, count: SyncCount): E => ({
  ...edit,
  base: edit.base >= known.ownSince ? count : (Math.min(edit.base, count) as SyncCount),
})

const again = (
  { value, deviceModifiedAt, modifiedAt }: HeldRecord,
  base: SyncCount,
  { place }: Moment,
): PendingEdit => ({
  value,
  base,
  at: deviceModifiedAt ?? modifiedAt,
  place,
  parked: null,
})

/** True when this device wrote the record last. */
const isOwn = ({ ownSince, count, gone }: HeldRecord): boolean => ownSince < count && !gone
