import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { Refusal } from '../refusal.js'

/*
 * The refusals that clients of identity pools read. Several clients compare these texts, so they are AWS's to
 * the letter where one is known (SPEC I2, I15–I29).
 */

export const unknownPool = (pool: IdentityPoolId): Refusal =>
  new Refusal('ResourceNotFound', `IdentityPool '${pool}' not found.`)

/** Amplify compares this one exactly. */
export const unknownIdentity = (identity: IdentityId): Refusal =>
  new Refusal('ResourceNotFound', `Identity '${identity}' not found.`)

export const forbiddenIdentity = (identity: IdentityId): Refusal =>
  new Refusal('NotAuthorized', `Access to Identity '${identity}' is forbidden.`)

export const guestsNotAllowed = (): Refusal =>
  new Refusal('NotAuthorized', 'Unauthenticated access is not supported for this identity pool.')

export const loginsDoNotMatch = (): Refusal =>
  new Refusal(
    'NotAuthorized',
    "Logins don't match. Please include at least one valid login for this identity or identity pool.",
  )

export const unsupportedProvider = (): Refusal =>
  new Refusal('NotAuthorized', 'Token is not from a supported provider of this identity pool.')

export const invalidLoginToken = (fault: string): Refusal =>
  new Refusal('NotAuthorized', `Invalid login token. ${fault}`)

export const notAPublicProvider = (): Refusal =>
  new Refusal('InvalidParameter', 'Please provide a valid public provider')

export const unknownDeveloperProvider = (): Refusal =>
  new Refusal('InvalidParameter', 'This identity pool does not support the specified developer provider')

export const noRole = (): Refusal =>
  new Refusal(
    'InvalidIdentityPoolConfiguration',
    'Invalid identity pool configuration. Check assigned IAM roles for this pool.',
  )

export const basicFlowClosed = (fault: 'switched-off' | 'role-mappings'): Refusal =>
  new Refusal(
    'InvalidParameter',
    fault === 'switched-off'
      ? 'Basic (classic) flow is not enabled, please use enhanced flow.'
      : 'Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.',
  )
