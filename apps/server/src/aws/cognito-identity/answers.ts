import type { IssuedCredentials } from '../../access/temporary-credentials.js'
import type { StoredIdentity } from '../../domain/identity.js'
import type { PoolRoles, StoredPool } from '../../domain/identity-pool.js'

/** A pool as AWS shows one; members that were never set are left out (SPEC I7). */
export function answeredPool({ pool, settings }: StoredPool): object {
  return {
    IdentityPoolId: pool,
    IdentityPoolName: settings.name,
    AllowUnauthenticatedIdentities: settings.allowUnauthenticated,
    ...(settings.allowClassicFlow === null ? {} : { AllowClassicFlow: settings.allowClassicFlow }),
    ...unlessEmpty('SupportedLoginProviders', settings.supportedLoginProviders),
    ...(settings.developerProvider === null ? {} : { DeveloperProviderName: settings.developerProvider }),
    ...unlessEmpty('OpenIdConnectProviderARNs', settings.openIdConnectProviderArns),
    ...unlessEmpty('CognitoIdentityProviders', settings.cognitoIdentityProviders),
    ...unlessEmpty('SamlProviderARNs', settings.samlProviderArns),
    ...unlessEmpty('IdentityPoolTags', settings.tags),
  }
}

export function answeredRoles({ authenticated, unauthenticated, mappings }: PoolRoles): object {
  const roles = new Map<string, string>()
  if (authenticated !== null) roles.set('authenticated', authenticated)
  if (unauthenticated !== null) roles.set('unauthenticated', unauthenticated)
  return { ...unlessEmpty('Roles', roles), ...unlessEmpty('RoleMappings', mappings) }
}

/** An identity with the names of its login providers; who it is there is not shown (SPEC I8). */
export function answeredIdentity({ identity, logins, createdAt, modifiedAt }: StoredIdentity): object {
  return {
    IdentityId: identity,
    ...unlessEmpty('Logins', [...new Set(logins.map(({ provider }) => provider))]),
    CreationDate: epochSeconds(createdAt),
    LastModifiedDate: epochSeconds(modifiedAt),
  }
}

export const answeredCredentials = (credentials: IssuedCredentials): object => ({
  AccessKeyId: credentials.accessKeyId,
  SecretKey: credentials.secretAccessKey,
  SessionToken: credentials.sessionToken,
  Expiration: epochSeconds(credentials.expiresAt),
})

export const answeredToken = (nextToken: string | null): object => (nextToken === null ? {} : { NextToken: nextToken })

const epochSeconds = (ms: number): number => ms / 1_000

/** `fromEntries` makes an own member of any name, `__proto__` too. */
function unlessEmpty(name: string, held: ReadonlyMap<string, unknown> | readonly unknown[]): object {
  if (held instanceof Map)
    return held.size === 0 ? {} : { [name]: Object.fromEntries(held as ReadonlyMap<string, unknown>) }
  return (held as readonly unknown[]).length === 0 ? {} : { [name]: held }
}
