import { SyncStore1750000000001 } from './1750000000001-sync-store.js'
import { SigningKeys1750000000002 } from './1750000000002-signing-keys.js'

/** Every migration, oldest first. One that has been released is never changed again. */
export const migrations = [SyncStore1750000000001, SigningKeys1750000000002]
