import type { PoolDraft } from '../domain/identity-pool.js'
import type { Place } from './place.js'

/** A pool that guests may use at once, the basic flow included: what a newcomer needs. */
export function guestPool(name: string, { accountId }: Pick<Place, 'accountId'>): PoolDraft {
  return {
    settings: {
      name,
      allowUnauthenticated: true,
      allowClassicFlow: true,
      developerProvider: null,
      supportedLoginProviders: new Map(),
      openIdConnectProviderArns: [],
      cognitoIdentityProviders: [],
      samlProviderArns: [],
      tags: new Map(),
    },
    roles: {
      authenticated: `arn:aws:iam::${accountId}:role/${name}-authenticated`,
      unauthenticated: `arn:aws:iam::${accountId}:role/${name}-guest`,
      mappings: new Map(),
    },
  }
}
