import type { Caller } from '../../access/caller.js'
import { assumedRole, rootArn, type Place } from '../../identity/place.js'
import type { Xml } from './xml.js'

/** Who the caller is; everybody may ask. */
export function getCallerIdentity(caller: Caller, place: Place): Xml {
  const { accountId } = place
  switch (caller.kind) {
    case 'account':
      return { UserId: accountId, Account: accountId, Arn: rootArn(place) }
    case 'identity': {
      const { arn, id } = assumedRole(place, caller)
      return { UserId: id, Account: accountId, Arn: arn }
    }
  }
}
