import type { IdentityPoolId } from '@satchel/protocol'
import type {
  MappingRule,
  PoolRoles,
  PoolSettings,
  RoleMapping,
  UserPoolClient,
} from '../../../domain/identity-pool.js'
import { refuse } from '../../../refusal.js'
import { flag } from '../checks.js'
import {
  DEVELOPER_PROVIDER_NAME,
  NEXT_TOKEN,
  PAGE_SIZE,
  POOL_ID,
  POOL_NAME,
  POOL_TAGS,
  PROVIDER_ARNS,
  ROLE_MAPPINGS,
  ROLES,
  SUPPORTED_LOGIN_PROVIDERS,
  USER_POOL_CLIENTS,
} from '../member-checks.js'
import { mapFrom, Optional, Required } from '../read-request.js'

export class CreateIdentityPoolRequest {
  @Required(POOL_NAME) IdentityPoolName!: string
  @Required(flag) AllowUnauthenticatedIdentities!: boolean
  @Optional(flag) AllowClassicFlow?: boolean
  @Optional(SUPPORTED_LOGIN_PROVIDERS) SupportedLoginProviders?: Readonly<Record<string, string>>
  @Optional(DEVELOPER_PROVIDER_NAME) DeveloperProviderName?: string
  @Optional(PROVIDER_ARNS) OpenIdConnectProviderARNs?: readonly string[]
  @Optional(USER_POOL_CLIENTS) CognitoIdentityProviders?: readonly UserPoolClient[]
  @Optional(PROVIDER_ARNS) SamlProviderARNs?: readonly string[]
  @Optional(POOL_TAGS) IdentityPoolTags?: Readonly<Record<string, string>>
}

/** A whole pool: what is left out takes its default again. */
export class UpdateIdentityPoolRequest extends CreateIdentityPoolRequest {
  @Required(POOL_ID) IdentityPoolId!: IdentityPoolId
}

/** A request that is about a pool and says no more. */
export class IdentityPoolRequest {
  @Required(POOL_ID) IdentityPoolId!: IdentityPoolId
}

export class ListIdentityPoolsRequest {
  @Required(PAGE_SIZE) MaxResults!: number
  @Optional(NEXT_TOKEN) NextToken?: string
}

export class SetIdentityPoolRolesRequest {
  @Required(POOL_ID) IdentityPoolId!: IdentityPoolId
  @Required(ROLES) Roles!: Readonly<Record<string, string>>
  @Optional(ROLE_MAPPINGS) RoleMappings?: Readonly<Record<string, RoleMapping>>
}

export function settingsOf(request: CreateIdentityPoolRequest): PoolSettings {
  return {
    name: request.IdentityPoolName,
    allowUnauthenticated: request.AllowUnauthenticatedIdentities,
    allowClassicFlow: request.AllowClassicFlow ?? null,
    developerProvider: request.DeveloperProviderName ?? null,
    supportedLoginProviders: mapFrom(request.SupportedLoginProviders),
    openIdConnectProviderArns: request.OpenIdConnectProviderARNs ?? [],
    cognitoIdentityProviders: (request.CognitoIdentityProviders ?? []).map(userPoolClient),
    samlProviderArns: request.SamlProviderARNs ?? [],
    tags: mapFrom(request.IdentityPoolTags),
  }
}

export function rolesOf({ Roles, RoleMappings }: SetIdentityPoolRolesRequest): PoolRoles {
  const roles = mapFrom(Roles)
  const mappings = [...mapFrom(RoleMappings)].map(([provider, mapping]) => [provider, roleMapping(mapping)] as const)
  return {
    authenticated: roles.get('authenticated') ?? null,
    unauthenticated: roles.get('unauthenticated') ?? null,
    mappings: new Map(mappings),
  }
}

/** Only the members we know; whatever else was sent is not kept. A member that is null was not sent. */
const userPoolClient = (sent: UserPoolClient): UserPoolClient => ({
  ...present('ProviderName', sent.ProviderName),
  ...present('ClientId', sent.ClientId),
  ...present('ServerSideTokenCheck', sent.ServerSideTokenCheck),
})

const present = <Name extends string, T>(name: Name, value: T | null | undefined): { [N in Name]?: T } =>
  value === null || value === undefined ? {} : ({ [name]: value } as { [N in Name]: T })

function roleMapping({ Type, AmbiguousRoleResolution = null, RulesConfiguration = null }: SentMapping): RoleMapping {
  if (AmbiguousRoleResolution === null) {
    refuse('InvalidParameter', `AmbiguousRoleResolution is required when the Type of a role mapping is ${Type}`)
  }
  if (Type === 'Token') return { Type, AmbiguousRoleResolution }
  if (RulesConfiguration === null) {
    refuse('InvalidParameter', 'RulesConfiguration is required when the Type of a role mapping is Rules')
  }
  return { Type, AmbiguousRoleResolution, RulesConfiguration: { Rules: RulesConfiguration.Rules.map(mappingRule) } }
}

const mappingRule = ({ Claim, MatchType, Value, RoleARN }: MappingRule): MappingRule => ({
  Claim,
  MatchType,
  Value,
  RoleARN,
})

/** As it came: what may be left out may be null, too. */
type SentMapping = { readonly [Name in keyof RoleMapping]: RoleMapping[Name] | null } & Pick<RoleMapping, 'Type'>
