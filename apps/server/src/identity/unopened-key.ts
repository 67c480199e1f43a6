import type { StoredSigningKey } from '../store/signing-key-store.js'

/** A sentence for the operator about a signing key that no master key opens, with the fingerprints of those that were given. */
export function unopenedKey(
  { kid, closedUnder }: Pick<StoredSigningKey, 'kid' | 'closedUnder'>,
  given: readonly string[],
): string {
  const under = closedUnder === null ? '' : `: it is closed under ${closedUnder.fingerprint}`
  return (
    `the signing key ${kid} in the database does not open with the master keys of this server (${given.join(', ')})${under}; ` +
    'name its master key among SATCHEL_OTHER_MASTER_KEYS, or, where that is lost, let "npx satchel rotate-keys --forget-unopened" remove what it closed'
  )
}
