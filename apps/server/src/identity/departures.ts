import type { IdentityId, IdentityPoolId } from '@satchel/protocol'

/**
 * Who wants to know, once it is durable, that an identity was disabled or deleted, or a pool deleted: whatever
 * remembers that they may be used.
 */
export type Departures = Readonly<{
  onIdentityGone: readonly ((identity: IdentityId) => void)[]
  onPoolGone: readonly ((pool: IdentityPoolId) => void)[]
}>
