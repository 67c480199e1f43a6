import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type Journal, JournalFault } from '../../journal/journal.js'
import type { Random } from '../../runtime/random.js'
import type { DeviceStorage, Profile, ProfileChange } from '../device-storage.js'
import { replacedProfile } from '../replaced-profile.js'
import { lockDirectory, nodeProcesses } from './directory-lock.js'
import { FileJournal } from './file-journal.js'
import { nodeFileSystem, writeDurably } from './file-system.js'
import { systemFault } from './system-fault.js'

/**
 * Keeps a device's stores below one directory: for each endpoint, pool and name a directory with `profile.json` and a
 * directory for every store.
 */
export class DirectoryStorage implements DeviceStorage {
  readonly #home: string
  readonly #key: Readonly<{ endpoint: string; pool: string; name: string }>
  #queue: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly deps: Readonly<{
      directory: string
      endpoint: string
      pool: string
      name: string
      random: Random
    }>,
  ) {
    const { directory, endpoint, pool, name } = deps
    this.#key = { endpoint, pool, name }
    // A digest, because endpoints have characters that file names must not have; profile.json says whose it is.
    const digest = createHash('sha256')
      .update(JSON.stringify([endpoint, pool, name]))
      .digest('hex')
    this.#home = join(directory, digest.slice(0, 32))
  }

  profile(fresh: Profile): Promise<Profile> {
    return this.#inTurn(async () => {
      const found = await this.#read()
      if (found) return found
      await this.#write(fresh, (temporary) => nodeFileSystem.link(temporary, this.#path))
      // Another process may have been faster; then it is the other's that counts.
      return (await this.#read()) ?? fresh
    })
  }

  replaceProfile(change: ProfileChange): Promise<Profile> {
    return this.#inTurn(async () => {
      const stored = await this.#read()
      const profile = replacedProfile(stored, change)
      if (profile !== stored) await this.#write(profile, (temporary) => nodeFileSystem.rename(temporary, this.#path))
      return profile
    })
  }

  open(store: string): Promise<Journal> {
    return Promise.resolve(new FileJournal(this.#directoryOf(store)))
  }

  /** Rejects with a `JournalFault` of kind `in-use` while anybody has the store open. */
  remove(store: string): Promise<void> {
    return this.#inTurn(() => this.#remove(this.#directoryOf(store)))
  }

  async #remove(directory: string): Promise<void> {
    if ((await nodeFileSystem.list(directory)).length > 0) {
      const unlock = await lockDirectory(nodeFileSystem, directory, nodeProcesses)
      // In one step, so that nothing half removed can be opened.
      const doomed = join(this.#home, `removed-${this.deps.random.uuid()}`)
      await nodeFileSystem.rename(directory, doomed).catch(async (error: unknown) => {
        await unlock()
        throw error
      })
      await nodeFileSystem.remove(doomed)
    } else await nodeFileSystem.remove(directory)
  }

  async close(): Promise<void> {
    await this.#queue
  }

  get #path(): string {
    return join(this.#home, 'profile.json')
  }

  #directoryOf(store: string): string {
    return join(this.#home, `store-${encodeURIComponent(store)}`)
  }

  async #read(): Promise<Profile | null> {
    const bytes = await nodeFileSystem.read(this.#path)
    try {
      return bytes && (JSON.parse(bytes.toString()) as { profile: Profile }).profile
    } catch (error) {
      throw new JournalFault('unavailable', `${this.#path} is no profile (any more)`, { cause: error })
    }
  }

  async #write(profile: Profile, name: (temporary: string) => Promise<unknown>): Promise<void> {
    await nodeFileSystem.makeDirectory(this.#home)
    const temporary = `${this.#path}.${this.deps.random.uuid()}.tmp`
    try {
      await writeDurably(nodeFileSystem, temporary, Buffer.from(JSON.stringify({ ...this.#key, profile }, null, 2)))
      await name(temporary)
      await nodeFileSystem.syncDirectory(this.#home)
    } finally {
      await nodeFileSystem.remove(temporary)
    }
  }

  /** One after the other; what the system refuses becomes a `JournalFault`. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const answer = this.#queue.then(act).catch((error: unknown): never => {
      throw systemFault(error, this.#home)
    })
    this.#queue = answer.catch(() => undefined)
    return answer
  }
}
