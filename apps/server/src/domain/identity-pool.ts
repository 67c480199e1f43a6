import type { IdentityPoolId } from '@satchel/protocol'

/** A user pool client that may sign users in. */
export type UserPoolClient = Readonly<{
  ProviderName?: string
  ClientId?: string
  ServerSideTokenCheck?: boolean
}>

/** A pool as its owner configured it. Maps and lists that were never set are empty. */
export type PoolSettings = Readonly<{
  name: string
  allowUnauthenticated: boolean
  /** null was never said, and allows it (SPEC I9). */
  allowClassicFlow: boolean | null
  /** Never changes once it is set (SPEC I3). */
  developerProvider: string | null
  supportedLoginProviders: ReadonlyMap<string, string>
  openIdConnectProviderArns: readonly string[]
  cognitoIdentityProviders: readonly UserPoolClient[]
  samlProviderArns: readonly string[]
  tags: ReadonlyMap<string, string>
}>

export type MappingRule = Readonly<{
  Claim: string
  MatchType: 'Equals' | 'Contains' | 'StartsWith' | 'NotEqual'
  Value: string
  RoleARN: string
}>

/** How users of one provider get a role other than the pool's. */
export type RoleMapping = Readonly<{
  Type: 'Token' | 'Rules'
  AmbiguousRoleResolution?: 'AuthenticatedRole' | 'Deny'
  RulesConfiguration?: Readonly<{ Rules: readonly MappingRule[] }>
}>

export type PoolRoles = Readonly<{
  authenticated: string | null
  unauthenticated: string | null
  /** By provider name. */
  mappings: ReadonlyMap<string, RoleMapping>
}>

export const NO_ROLES: PoolRoles = { authenticated: null, unauthenticated: null, mappings: new Map() }

/** What a pool is made of before it has an id. */
export type PoolDraft = Readonly<{ settings: PoolSettings; roles: PoolRoles }>

export type StoredPool = PoolDraft &
  Readonly<{
    pool: IdentityPoolId
    /** Epoch milliseconds. */
    createdAt: number
    modifiedAt: number
  }>

/** Why the basic flow is closed for a pool, or null where it is open (SPEC I9). */
export function basicFlowFault({ settings, roles }: PoolDraft): 'switched-off' | 'role-mappings' | null {
  if (settings.allowClassicFlow === false) return 'switched-off'
  return roles.mappings.size > 0 ? 'role-mappings' : null
}
