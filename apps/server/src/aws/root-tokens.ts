/** What the controllers at the root ask their module for. */
export const IDENTITY_FACE = Symbol('IdentityFace')
export const STS_FACE = Symbol('StsFace')
export const OPENID_DISCOVERY = Symbol('OpenIdDiscovery')
