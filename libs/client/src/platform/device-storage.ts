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
}>

/** Where a device keeps its local stores for one endpoint and pool. */
export interface DeviceStorage {
  /** The profile, or null on a device that never opened this pool. */
  profile(): Promise<Profile | null>
  /** Replaces the profile in one durable step. */
  saveProfile(profile: Profile): Promise<void>
  /** Opens a store's journal, making it where there is none. */
  open(store: string): Promise<Journal>
  /** Removes a store and all it holds; fine where there is none. */
  remove(store: string): Promise<void>
  /** Lets go of everything but open journals. */
  close(): Promise<void>
}
