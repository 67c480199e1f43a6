import type { SqlJsStatic } from 'sql.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { Tabs } from '../tabs/tabs.js'
import type { Transport } from '../transport/transport.js'
import type { IdentityProvider } from '../identity/identity-provider.js'
import type { DeviceStorage } from './device-storage.js'

/** What a client needs of the place it runs in. */
export type Platform = Readonly<{
  storage: DeviceStorage
  loadSql(): Promise<SqlJsStatic>
  /** The tabs that have a store open. */
  tabsOf(store: string): Tabs
  transport: Transport
  guests: IdentityProvider
  clock: Clock
  random: Random
}>
