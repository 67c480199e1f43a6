import type { ClientOptions, SyncClient } from './api.js'
import { checkedOptions } from './client/checked-options.js'

/**
 * Opens a user's datasets in a browser or a worker: what is on the device is there to read when this resolves, with or
 * without a network. Rejects with a `JournalFault` when the browser's storage cannot be used or belongs to a newer version, and with
 * a `CacheUnavailable` when SQLite cannot be loaded; nothing is touched then.
 *
 * All but this function comes with the first call, as chunks of the app's own, so that a page that does not sync yet pays nothing.
 */
export async function openClient(options: ClientOptions): Promise<SyncClient> {
  const address = checkedOptions(options)
  const { openBrowserClient } = await import('./open-browser-client.js')
  return openBrowserClient(options, address)
}
