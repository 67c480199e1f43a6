import type { Choice, ConflictPolicy, Resolver } from '../api.js'
import type { Edit } from '../journal/entry.js'
import type { Clash } from '../replica/replica.js'

/** What a policy that needs nobody's answer makes of a clash. */
export function decideClash(policy: Exclude<ConflictPolicy, Resolver>, { pending, remote }: Clash): 'local' | 'remote' {
  if (policy !== 'last-writer') return policy
  // A clock that runs ahead must not win for ever, so no edit counts as later than when the server had it.
  const remoteAt = Math.min(remote.deviceModifiedAt ?? remote.modifiedAt, remote.modifiedAt)
  return pending.at > remoteAt ? 'local' : 'remote'
}

/** The edit that takes the place of the pending one; null takes what the server has. */
export function editOf(choice: Choice, { pending, remote }: Clash, now: number): Edit | null {
  if (choice === 'remote') return null
  const { key } = pending
  const base = remote.syncCount
  return choice === 'local'
    ? { key, value: pending.value, base, at: pending.at }
    : { key, value: choice.value, base, at: now }
}
