import type { IdentityPoolId } from '@satchel/protocol'
import { NO_ROLES, type PoolRoles, type PoolSettings, type StoredPool } from '../../domain/identity-pool.js'

/** The n-th pool of a test. */
export const aPool = (n: number, settings: Partial<PoolSettings> = {}, roles: PoolRoles = NO_ROLES): StoredPool => ({
  pool: `us-east-1:00000000-0000-4000-8000-00000000000${n}` as IdentityPoolId,
  settings: {
    name: `pool ${n}`,
    allowUnauthenticated: true,
    allowClassicFlow: null,
    developerProvider: null,
    supportedLoginProviders: new Map(),
    openIdConnectProviderArns: [],
    cognitoIdentityProviders: [],
    samlProviderArns: [],
    tags: new Map(),
    ...settings,
  },
  roles,
  createdAt: 1_000 + n,
  modifiedAt: 1_000 + n,
})
