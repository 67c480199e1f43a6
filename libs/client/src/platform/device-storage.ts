import type { Journal } from '../journal/journal.js'

/** Which local store an app uses at one endpoint and pool, and for whom. */
export type Profile = Readonly<{
  /** Name of the store that is in use. */
  store: string
  /** Whose it is; null while nobody has asked the server yet. */
  identity: string | null
  /** True for a guest's. */
  guest: boolean
  /** A guest's store that is being taken over into this one; null when that is done. */
  adopting: string | null
  /** Stores of users who signed out and whose data stay on the device. */
  kept: readonly Readonly<{ identity: string; store: string }>[]
}>

/** A change of the profile: `to` takes the place of `from`. */
export type ProfileChange = Readonly<{ from: Profile; to: Profile }>

/** Where a device keeps its local stores for one endpoint and pool. */
export interface DeviceStorage {
  /** The profile; on a device that never opened this pool `fresh` is saved and answered, in one step over all tabs. */
  profile(fresh: Profile): Promise<Profile>
  /**
   * Replaces the profile in one durable step over all tabs; where another tab has moved on from `from` meanwhile nothing is written.
   * Answers the profile that is stored then.
   */
  replaceProfile(change: ProfileChange): Promise<Profile>
  /** Opens a store's journal, making it where there is none. */
  open(store: string): Promise<Journal>
  /** Removes a store and all it holds; fine where there is none. */
  remove(store: string): Promise<void>
  /** Lets go of everything but open journals. */
  close(): Promise<void>
}
