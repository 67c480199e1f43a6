import type { ClientOptions, SyncClient } from './api.js'
import { checkedDirectory, checkedOptions } from './client/checked-options.js'
import { SatchelClient } from './client/satchel-client.js'
import { GuestProvider } from './identity/guest-provider.js'
import { DirectoryStorage } from './platform/node/directory-storage.js'
import { loadSql } from './platform/node/load-sql.js'
import { SystemClock } from './runtime/clock.js'
import { SystemRandom } from './runtime/random.js'
import { LoneTab } from './tabs/lone-tab.js'
import { transportFor } from './transport/transport-for.js'

export type NodeClientOptions = ClientOptions &
  Readonly<{
    /** Where the local stores are kept; made where it is missing. One process has a store open at a time. */
    directory: string
  }>

/**
 * Opens a user's datasets in Node: what is on the device is there to read when this resolves, with or without a network. Rejects with
 * a `JournalFault` when another process has the store open, or when it belongs to a newer version, and with a TypeError that names the
 * option for one that does not do; nothing is touched then.
 */
export async function openClient(options: NodeClientOptions): Promise<SyncClient> {
  const { endpoint, pool, name } = checkedOptions(options)
  const directory = checkedDirectory(options.directory)
  const clock = new SystemClock()
  const random = new SystemRandom()
  return SatchelClient.open(options, {
    storage: new DirectoryStorage({ directory, endpoint, pool, name, random }),
    loadSql,
    tabsOf: () => new LoneTab(),
    transport: transportFor(options, { clock, random }),
    guests: new GuestProvider({ endpoint, pool }),
    clock,
    random,
  })
}
