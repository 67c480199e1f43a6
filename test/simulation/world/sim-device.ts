import initSqlJs, { type SqlJsStatic } from 'sql.js'
import type { SyncClient } from '../../../libs/client/src/api.js'
import type { Journal } from '../../../libs/client/src/journal/journal.js'
import type { DeviceStorage, Profile } from '../../../libs/client/src/platform/device-storage.js'
import { replacedProfile } from '../../../libs/client/src/platform/replaced-profile.js'
import type { Platform } from '../../../libs/client/src/platform/platform.js'
import type { IdentityProvider } from '../../../libs/client/src/identity/identity-provider.js'
import type { Chance } from './chance.js'
import type { JournalWatch } from './journal-watch.js'
import { Life } from './life.js'
import { NodeClock } from './node-clock.js'
import { SimDisk, SimJournal, soundDisk, type DiskFaults } from './sim-disk.js'
import type { SimNetwork } from './sim-network.js'
import { TabsHub } from './sim-tabs.js'
import type { VirtualTime } from './virtual-time.js'

let sql: Promise<SqlJsStatic> | null = null
/** The real one; loaded once for a whole run, before virtual time begins. */
export const loadSqlOnce = (): Promise<SqlJsStatic> => (sql ??= initSqlJs())

/** A tab, or a process, and the client that lives in it. */
export type SimTab = {
  readonly name: string
  readonly life: Life
  /** null until it is open. */
  client: SyncClient | null
}

/** What planted bugs put between the product and its ports. */
export type PortWraps = Readonly<{
  journal?: (journal: Journal) => Journal
  platform?: (platform: Platform) => Platform
}>

type StoreOnDisk = Readonly<{
  disk: SimDisk
  hub: TabsHub
  flightsOut: () => number
}>

/** A device: storage that survives its processes, and tabs that come and go. */
export class SimDevice {
  readonly tabs: SimTab[] = []
  readonly faults: DiskFaults = soundDisk()
  /** How far its clock is off. */
  skewMs = 0
  private profile: Profile | null = null
  private readonly profileDisk: SimDisk
  private readonly stores = new Map<string, StoreOnDisk>()
  private opened = 0

  constructor(
    readonly name: string,
    private readonly time: VirtualTime,
    readonly chance: Chance,
    private readonly network: SimNetwork,
    readonly watch: JournalWatch,
    private readonly guests: (life: Life, device: string) => IdentityProvider,
    private readonly wraps: PortWraps = {},
  ) {
    const unwatched = { kept: () => {}, compacted: () => {}, refusedAsFull: () => {} }
    this.profileDisk = new SimDisk(time, chance.stream('profile'), soundDisk(), unwatched)
  }

  get liveTabs(): SimTab[] {
    return this.tabs.filter(({ life }) => !life.isOver)
  }

  get flightsOut(): number {
    return [...this.stores.values()].reduce((sum, { flightsOut }) => sum + flightsOut(), 0)
  }

  /** A new tab, whose client is still to be opened on the platform that comes with it. */
  newTab(): Readonly<{ tab: SimTab; platform: Platform }> {
    const name = `t${++this.opened}`
    const life = new Life(`${this.name}.${name}`, (work) => void this.time.after(0, work))
    const tab: SimTab = { name, life, client: null }
    this.tabs.push(tab)
    const platform: Platform = {
      storage: this.storageFor(life),
      loadSql: loadSqlOnce,
      tabsOf: (store) => this.store(store).hub.join(life),
      transport: this.network.transportOf(this.name, life),
      guests: this.guests(life, this.name),
      clock: new NodeClock(this.time, life, () => this.skewMs),
      random: this.chance.stream(name),
    }
    return { tab, platform: this.wraps.platform?.(platform) ?? platform }
  }

  /** Without warning: nothing in memory is left, and what was on its way to the disk is there or not. */
  kill(tabs: readonly SimTab[]): void {
    const lives = new Set(tabs.map(({ life }) => life))
    for (const life of lives) life.end()
    for (const { disk } of [this.profileDisk, ...[...this.stores.values()]].map((one) =>
      one instanceof SimDisk ? { disk: one } : one,
    )) {
      disk.drop(lives)
    }
    for (const { hub } of this.stores.values()) for (const life of lives) hub.bury(life)
    for (const tab of tabs) this.tabs.splice(this.tabs.indexOf(tab), 1)
  }

  isWriting(tabs: readonly SimTab[]): boolean {
    const lives = new Set(tabs.map(({ life }) => life))
    return [...this.stores.values()].some(({ disk }) => disk.isBusy(lives))
  }

  leads(tab: SimTab): boolean {
    return [...this.stores.values()].some(({ hub }) => hub.isHeldBy(tab.life))
  }

  /** The browser throws everything away. */
  evict(): void {
    for (const { disk } of this.stores.values()) disk.evict()
    this.profile = null
  }

  private store(name: string): StoreOnDisk {
    const known = this.stores.get(name)
    if (known !== undefined) return known
    const watch = this.watch.ofStore(name)
    const store: StoreOnDisk = {
      disk: new SimDisk(this.time, this.chance.stream(`disk ${name}`), this.faults, watch),
      hub: new TabsHub(this.time, this.chance.stream(`tabs ${name}`)),
      flightsOut: () => watch.flightsOut(),
    }
    this.stores.set(name, store)
    return store
  }

  private storageFor(life: Life): DeviceStorage {
    const { profileDisk } = this
    return {
      profile: (fresh) => profileDisk.transact(life, () => structuredClone((this.profile ??= fresh))),
      replaceProfile: (change) =>
        profileDisk.transact(life, () => structuredClone((this.profile = replacedProfile(this.profile, change)))),
      open: (name) =>
        profileDisk.transact(life, () => {
          const journal = new SimJournal(this.store(name).disk, life)
          return this.wraps.journal?.(journal) ?? journal
        }),
      remove: (name) => profileDisk.transact(life, () => void this.stores.get(name)?.disk.evict()),
      close: () => Promise.resolve(),
    }
  }
}
