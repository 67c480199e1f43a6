import type { Journal } from '../../journal/journal.js'
import type { Clock } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import type { DeviceStorage, Profile, ProfileChange } from '../device-storage.js'
import { replacedProfile } from '../replaced-profile.js'
import { databaseFault, deleteDatabase, openDatabase, transact } from './database.js'
import { IndexedDbJournal } from './indexed-db-journal.js'

/** Keeps profiles in the IndexedDB database `satchel`, and every store in a database of its own. */
export class BrowserStorage implements DeviceStorage {
  #asked = false

  constructor(
    private readonly deps: Readonly<{ endpoint: string; pool: string; name: string; clock: Clock; random: Random }>,
  ) {}

  profile(fresh: Profile): Promise<Profile> {
    return this.#changed((stored) => stored ?? fresh)
  }

  replaceProfile(change: ProfileChange): Promise<Profile> {
    return this.#changed((stored) => replacedProfile(stored, change))
  }

  open(store: string): Promise<Journal> {
    if (!this.#asked) {
      this.#asked = true
      // Whatever is answered: without persistence a browser may evict a store, and that is survived too.
      void globalThis.navigator?.storage?.persist?.().catch(() => undefined)
    }
    const { clock, random } = this.deps
    return Promise.resolve(new IndexedDbJournal({ name: this.#nameOf(store), clock, random }))
  }

  remove(store: string): Promise<void> {
    const name = this.#nameOf(store)
    return deleteDatabase(name, this.deps.clock).catch((error: unknown) => {
      throw databaseFault(error, name)
    })
  }

  /** Nothing is held between calls. */
  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Tells one endpoint, pool and name from all others of the same origin. */
  get #scope(): string {
    const { endpoint, pool, name } = this.deps
    return `${endpoint}|${pool}|${name}`
  }

  #nameOf(store: string): string {
    return `satchel|${this.#scope}|${store}`
  }

  #changed(change: (stored: Profile | null) => Profile): Promise<Profile> {
    return this.#profiles((profiles) => {
      let profile: Profile
      const getting = profiles.get(this.#scope) as IDBRequest<Profile | undefined>
      getting.onsuccess = () => {
        const stored = getting.result ?? null
        profile = change(stored)
        if (profile !== stored) profiles.put(profile, this.#scope)
      }
      return () => profile
    })
  }

  async #profiles<T>(act: (profiles: IDBObjectStore) => () => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      let database: IDBDatabase | undefined
      try {
        database = await openDatabase('satchel', this.deps.clock, (made) => made.createObjectStore('profiles'))
        return await transact(database, ['profiles'], 'readwrite', (transaction) =>
          act(transaction.objectStore('profiles')),
        )
      } catch (error) {
        const fault = databaseFault(error, 'satchel')
        if (fault.kind !== 'unavailable' || attempt === 2) throw fault
      } finally {
        database?.close()
      }
    }
  }
}
