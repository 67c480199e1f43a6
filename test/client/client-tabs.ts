import initSqlJs from 'sql.js'
import type { Login, SyncClient } from '../../libs/client/src/api.js'
import { SatchelClient } from '../../libs/client/src/client/satchel-client.js'
import type { Profile, ProfileChange } from '../../libs/client/src/platform/device-storage.js'
import { MemoryDevice } from '../../libs/client/src/platform/testing/memory-storage.js'
import { SystemClock } from '../../libs/client/src/runtime/clock.js'
import { SystemRandom } from '../../libs/client/src/runtime/random.js'
import { MemoryTabs } from '../../libs/client/src/tabs/testing/memory-tabs.js'
import { ConnectionFault } from '../../libs/client/src/transport/transport.js'

const sql = initSqlJs()

export type TabOptions = Readonly<{
  /** The guest that the device begins as. */
  guest?: string
  /** What a test does before the profile is replaced; may throw. */
  beforeReplacing?: (change: ProfileChange) => Promise<void> | void
}>

/** A device without a network: its storage, and as many whole clients on it as a test opens. */
export class DeviceOfTabs {
  readonly storage = new MemoryDevice()
  readonly faults: Error[] = []
  private readonly tabs = new Map<string, MemoryTabs>()
  private readonly open: SyncClient[] = []

  /** Another tab, whose client begins paused. */
  async tab({ guest, beforeReplacing = () => {} }: TabOptions = {}): Promise<SyncClient> {
    const storage = this.storage.open()
    const replaceProfile = storage.replaceProfile.bind(storage)
    storage.replaceProfile = async (change) => {
      await beforeReplacing(change)
      return replaceProfile(change)
    }
    const nobody = (): Promise<never> => Promise.reject(new ConnectionFault('unreachable', 'no network'))
    const client = await SatchelClient.open(
      {
        endpoint: 'http://nowhere.invalid',
        pool: 'pool',
        paused: true,
        onFault: (fault) => this.faults.push(fault),
        ...(guest === undefined ? {} : { guest }),
      },
      {
        storage,
        loadSql: () => sql,
        tabsOf: (store) => this.tabsOf(store).open(),
        transport: { connect: nobody },
        guests: { authenticate: nobody },
        clock: new SystemClock(),
        random: new SystemRandom(),
      },
    )
    this.open.push(client)
    return client
  }

  /** Names of the stores that hold something. */
  get stores(): string[] {
    return [...this.storage.stores].filter(([, { groups }]) => groups.length > 0).map(([name]) => name)
  }

  get profile(): Profile {
    return JSON.parse(this.storage.profile!) as Profile
  }

  async close(): Promise<void> {
    for (const client of this.open.splice(0)) await client.close()
  }

  tabsOf(store: string): MemoryTabs {
    const known = this.tabs.get(store) ?? new MemoryTabs()
    this.tabs.set(store, known)
    return known
  }
}

/** A login of a user whom nobody asks for a password. */
export const loginAs =
  (identityId: string): Login =>
  () =>
    Promise.resolve({ identityId, token: `token of ${identityId}` })
