import type { ClientOptions, SyncClient } from './api.js'
import { SatchelClient } from './client/satchel-client.js'
import { checkedOptions } from './client/checked-options.js'
import { GuestProvider } from './identity/guest-provider.js'
import { BrowserStorage } from './platform/browser/browser-storage.js'
import { BrowserTabs } from './platform/browser/browser-tabs.js'
import { loadSql } from './platform/browser/load-sql.js'
import { SystemClock } from './runtime/clock.js'
import { SystemRandom } from './runtime/random.js'
import { transportFor } from './transport/transport-for.js'

/**
 * Opens a user's datasets in a browser or a worker: what is on the device is there to read when this resolves, with or
 * without a network. Rejects with a `JournalFault` when the browser's storage cannot be used or belongs to a newer version, and with
 * a `CacheUnavailable` when SQLite cannot be loaded; nothing is touched then.
 */
export function openClient(options: ClientOptions): Promise<SyncClient> {
  const { endpoint, pool, name } = checkedOptions(options)
  const clock = new SystemClock()
  const random = new SystemRandom()
  return SatchelClient.open(options, {
    storage: new BrowserStorage({ endpoint, pool, name, clock, random }),
    loadSql: () => loadSql(endpoint),
    tabsOf: (store) => new BrowserTabs(store, { clock, random }),
    transport: transportFor(options, { clock }),
    guests: new GuestProvider({ endpoint, pool }),
    clock,
    random,
  })
}
