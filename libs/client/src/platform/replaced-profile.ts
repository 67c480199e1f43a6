import type { Profile, ProfileChange } from './device-storage.js'

/** What is stored after a change: `to`, unless another tab has put another store or another identity in the place of `from`. */
export const replacedProfile = (stored: Profile | null, { from, to }: ProfileChange): Profile =>
  stored === null || (stored.store === from.store && stored.identity === from.identity) ? to : stored

/** True where the profile leads to the store; one that it does not lead to is nobody's. */
export const leadsTo = ({ store, adopting, kept }: Profile, name: string): boolean =>
  store === name || adopting === name || kept.some((one) => one.store === name)
