/** Who a device acts for, and the OpenID token that proves it. */
export type Authentication = Readonly<{ identity: string; token: string; guest: boolean }>

/**
 * Gets tokens, again and again, as they end. Rejects with a `ConnectionFault`: of kind `refused` when the user has to do
 * something (sign in anew), of any other kind when trying later may help.
 */
export interface IdentityProvider {
  /** `known` is the identity that the device acts for so far; null on a device that never asked. */
  authenticate(known: string | null): Promise<Authentication>
}
