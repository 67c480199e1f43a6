import type { DatasetName } from '@satchel/protocol'
import type { ConflictSides } from '../api.js'
import type { Clash } from '../replica/replica.js'

/** A clash as resolvers and apps see it. */
export const sidesOf = (dataset: DatasetName, { pending, remote }: Clash): ConflictSides => ({
  dataset,
  key: pending.key,
  local: { value: pending.value, at: pending.at },
  remote: {
    value: remote.value,
    syncCount: remote.syncCount,
    modifiedAt: remote.modifiedAt,
    modifiedBy: remote.modifiedBy,
    deviceModifiedAt: remote.deviceModifiedAt,
  },
})
