import { NEVER_SYNCED, type DeviceId, type SyncRecord } from '@satchel/protocol'
import { unmoved, type Held, type HeldRecord, type Moment, type Moved } from './held.js'
import { adopting, patchBaseOf } from './standing.js'

/** A record came that the server wrote since. One that is known already, or older, says nothing (ND10). */
export function pulled(held: Held, record: SyncRecord, device: DeviceId | null, moment: Moment): Moved {
  if (held.record !== null && record.syncCount <= held.record.count) return unmoved(held)
  return adopting({ ...held, record: heldRecord(held, record, device) }, moment)
}

/**
 * A record as it is held. It continues what this device did only if it is the very edit that is on its way, whose answer got
 * lost; a device id alone proves nothing, since a copied store has the same one (ND5).
 */
export function heldRecord(held: Held, record: SyncRecord, device: DeviceId | null): HeldRecord {
  const { flown } = held
  const continues =
    flown !== null &&
    record.modifiedBy === device &&
    record.value === flown.value &&
    flown.patchBase === patchBaseOf(held.record)
  return {
    value: record.value,
    count: record.syncCount,
    ownSince: continues ? (held.record?.ownSince ?? NEVER_SYNCED) : record.syncCount,
    modifiedAt: record.modifiedAt,
    modifiedBy: record.modifiedBy,
    deviceModifiedAt: record.deviceModifiedAt,
    gone: false,
  }
}
