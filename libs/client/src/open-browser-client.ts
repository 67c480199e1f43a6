import type { ClientOptions, SyncClient } from './api.js'
import type { Address } from './client/checked-options.js'
import { SatchelClient } from './client/satchel-client.js'
import { GuestProvider } from './identity/guest-provider.js'
import { BrowserStorage } from './platform/browser/browser-storage.js'
import { BrowserTabs } from './platform/browser/browser-tabs.js'
import { loadSql } from './platform/browser/load-sql.js'
import { SystemClock } from './runtime/clock.js'
import { SystemRandom } from './runtime/random.js'
import { transportFor } from './transport/transport-for.js'

/** A client on what browsers and workers have. */
export function openBrowserClient(options: ClientOptions, { endpoint, pool, name }: Address): Promise<SyncClient> {
  const clock = new SystemClock()
  const random = new SystemRandom()
  return SatchelClient.open(options, {
    storage: new BrowserStorage({ endpoint, pool, name, clock, random }),
    loadSql: () => loadSql(endpoint),
    tabsOf: (store) => new BrowserTabs(store, { clock, random }),
    transport: transportFor(options, { clock, random }),
    guests: new GuestProvider({ endpoint, pool }),
    clock,
    random,
  })
}
