import { SyncStore1750000000001 } from './1750000000001-sync-store.js'
import { SigningKeys1750000000002 } from './1750000000002-signing-keys.js'
import { DeviceMarkers1750000000003 } from './1750000000003-device-markers.js'
import { EpochBase1750000000004 } from './1750000000004-epoch-base.js'
import { Outbox1750000000005 } from './1750000000005-outbox.js'
import { SigningKeyTimes1750000000006 } from './1750000000006-signing-key-times.js'

/**
 * Every migration, oldest first. One that has been released is never changed again. A new one only adds, since servers of the minor version before go on using the
 * tables, and holds nobody up; what it may do is written in docs/decisions/0023-one-minor-version-apart.md and held by `migration-rules.spec.ts`.
 */
export const migrations = [
  SyncStore1750000000001,
  SigningKeys1750000000002,
  DeviceMarkers1750000000003,
  EpochBase1750000000004,
  Outbox1750000000005,
  SigningKeyTimes1750000000006,
]
