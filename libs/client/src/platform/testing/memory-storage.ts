import type { Journal } from '../../journal/journal.js'
import { MemoryJournalFile } from '../../journal/testing/memory-journal.js'
import type { DeviceStorage, Profile, ProfileChange } from '../device-storage.js'
import { replacedProfile } from '../replaced-profile.js'

/** What memory storages of one device share: the profile and the stores, which survive every tab and process. */
export class MemoryDevice {
  profile: string | null = null
  readonly stores = new Map<string, MemoryJournalFile>()

  open(): MemoryStorage {
    return new MemoryStorage(this)
  }

  /** The store of that name, made where there is none. */
  store(name: string): MemoryJournalFile {
    const store = this.stores.get(name) ?? new MemoryJournalFile()
    this.stores.set(name, store)
    return store
  }
}

/** A device's storage in memory. */
export class MemoryStorage implements DeviceStorage {
  constructor(private readonly device: MemoryDevice) {}

  profile(fresh: Profile): Promise<Profile> {
    this.device.profile ??= JSON.stringify(fresh)
    return Promise.resolve(JSON.parse(this.device.profile) as Profile)
  }

  replaceProfile(change: ProfileChange): Promise<Profile> {
    const { profile } = this.device
    const stored = replacedProfile(profile === null ? null : (JSON.parse(profile) as Profile), change)
    this.device.profile = JSON.stringify(stored)
    return Promise.resolve(stored)
  }

  open(store: string): Promise<Journal> {
    return Promise.resolve(this.device.store(store).open())
  }

  remove(store: string): Promise<void> {
    this.device.stores.get(store)?.evict()
    this.device.stores.delete(store)
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
