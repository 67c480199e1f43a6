import type { IdentityId } from '@satchel/protocol'

/**
 * 32 bits of an identity's id, the same for ever: 32-bit FNV-1a, then the last steps of MurmurHash3, without which the high bits of like texts are alike.
 * Ids are ASCII: a code unit is a byte.
 */
export function identityHash(identity: IdentityId): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < identity.length; at++) hash = Math.imul(hash ^ identity.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
