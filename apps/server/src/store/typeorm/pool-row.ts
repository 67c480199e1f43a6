import type { IdentityPoolId } from '@satchel/protocol'
import type { StoredPool } from '../../domain/identity-pool.js'
import { rolesFromJson, rolesToJson, settingsFromJson, settingsToJson } from '../pool-json.js'

/** A pool as databases answer it. */
export type PoolRow = Readonly<{
  poolId: string
  settings: string
  roles: string
  createdAt: number
  modifiedAt: number
}>

/** The columns of table `identity_pool` under the names of {@link PoolRow}. */
export const POOL_COLUMNS = `pool_id AS "poolId", settings, roles, created_at AS "createdAt", modified_at AS "modifiedAt"`

/** A pool as its row holds it. */
export const poolOf = (row: PoolRow): StoredPool => ({
  pool: row.poolId as IdentityPoolId,
  settings: settingsFromJson(row.settings),
  roles: rolesFromJson(row.roles),
  createdAt: row.createdAt,
  modifiedAt: row.modifiedAt,
})

/** What of a pool may change, as its row holds it. */
export const changingColumnsOf = ({ settings, roles, modifiedAt }: StoredPool) => ({
  name: settings.name,
  settings: settingsToJson(settings),
  roles: rolesToJson(roles),
  modifiedAt,
})
