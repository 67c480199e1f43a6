import type { Authentication } from '../identity/identity-provider.js'
import type { Profile } from '../platform/device-storage.js'

/** The profile of a device that opens a pool for the first time. */
export const newProfile = (store: string, identity: string | null): Profile => ({
  store,
  identity,
  guest: true,
  adopting: null,
  kept: [],
})

/**
 * The profile once the server has said who the user is. The store goes on where nobody had asked yet, or where
 * the same identity goes on; else the user has a store of their own, kept from before or `fresh`, and a guest's is taken
 * over into it, unless the app leaves it. Nothing a signed-in user had is ever mixed with another's.
 */
export function profileOf(
  user: Pick<Authentication, 'identity' | 'guest'>,
  { profile, fresh, bring }: Readonly<{ profile: Profile; fresh: string; bring: boolean }>,
): Profile {
  const { identity, guest } = user
  const known = profile.kept.find((kept) => kept.identity === identity)
  if (profile.identity === identity || (profile.identity === null && known === undefined)) {
    return profile.identity === identity && profile.guest === guest ? profile : { ...profile, identity, guest }
  }
  const taken = profile.guest && bring
  return {
    store: known?.store ?? fresh,
    identity,
    guest,
    adopting: taken ? profile.store : null,
    kept: taken ? without(profile.kept, identity) : without(keeping(profile), identity),
  }
}

/** The profile of the guest who comes after a user has signed out; of the `wiped` stores nothing is kept. */
export const signedOut = (
  profile: Profile,
  { fresh, wiped }: Readonly<{ fresh: string; wiped: readonly string[] }>,
): Profile => ({
  ...newProfile(fresh, null),
  kept: keeping(profile).filter(({ store }) => !wiped.includes(store)),
})

/** A store that nobody has asked the server about belongs to nobody who could come back for it. */
const keeping = ({ kept, identity, store }: Profile): Profile['kept'] =>
  identity === null ? kept : [...without(kept, identity), { identity, store }]

const without = (kept: Profile['kept'], identity: string): Profile['kept'] =>
  kept.filter((one) => one.identity !== identity)
