import type { IdentityPoolId } from '@satchel/protocol'
import { OWN_PROVIDER } from '../../../identity/login-proofs.js'
import { PROVIDER } from '../../../identity/testing/an-identity-side.js'
import { AnIdentityFace } from './an-identity-face.js'

/** An identity that nobody made, and how each refusal is worded. */
export const UNKNOWN = 'eu-central-1:00000000-0000-4000-8000-000000000000'
export const NOT_FOUND = `ResourceNotFound: Identity '${UNKNOWN}' not found.`
export const NO_GUESTS = 'NotAuthorized: Unauthenticated access is not supported for this identity pool.'
export const UNSUPPORTED = 'NotAuthorized: Token is not from a supported provider of this identity pool.'
export const DO_NOT_MATCH =
  "NotAuthorized: Logins don't match. Please include at least one valid login for this identity or identity pool."
export const forbidden = (identity: string) => `NotAuthorized: Access to Identity '${identity}' is forbidden.`

/** Logins that hold a token of this server. */
export const own = (token: string) => ({ [OWN_PROVIDER]: token })

/** A face with one pool, and the operations on it that most tests call. */
export async function aCalledPool(face = new AnIdentityFace()) {
  const IdentityPoolId: IdentityPoolId = (await face.aPool()).pool
  return {
    face,
    IdentityPoolId,
    credentials: (IdentityId: string, Logins?: object, more: object = {}) =>
      face.call('GetCredentialsForIdentity', { IdentityId, Logins, ...more }),
    token: (IdentityId: string, Logins?: object) => face.call('GetOpenIdToken', { IdentityId, Logins }),
    developer: (user: string, more: object = {}) =>
      face.call('GetOpenIdTokenForDeveloperIdentity', { IdentityPoolId, Logins: { [PROVIDER]: user }, ...more }),
    lookup: (input: object) => face.call('LookupDeveloperIdentity', { IdentityPoolId, ...input }),
  }
}
