import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { Caller } from '../../access/caller.js'
import type { Directory } from '../../datasets/directory.js'
import { unknownIdentity, unknownPool } from '../../identity/refusals.js'

/**
 * Refuses the account's call for an identity that is not there (F13). An identity's own credentials were checked
 * to be those of an active identity before they got this far.
 */
export async function refuseUnknownIdentity(
  directory: Directory,
  caller: Caller,
  path: Readonly<{ pool: IdentityPoolId; identity: IdentityId }>,
): Promise<void> {
  if (caller.kind === 'identity' || (await directory.hasIdentity(path))) return
  await refuseUnknownPool(directory, path.pool)
  throw unknownIdentity(path.identity)
}

/** Refuses a call for a pool that is not there; only the account makes such calls (F13). */
export async function refuseUnknownPool(directory: Directory, pool: IdentityPoolId): Promise<void> {
  if (!(await directory.hasPool(pool))) throw unknownPool(pool)
}
