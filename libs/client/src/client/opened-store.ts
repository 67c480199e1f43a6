import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { SqlJsStatic } from 'sql.js'
import type { ClientOptions, ConflictPolicy } from '../api.js'
import type { Authentication } from '../identity/identity-provider.js'
import { JournaledStore } from '../local/journaled-store.js'
import type { ChangeSource, LocalStore } from '../local/local-store.js'
import type { Platform } from '../platform/platform.js'
import type { Applied } from '../replica/replica.js'
import type { Patience } from '../session/patience.js'
import { TabSession } from '../session/tab-session.js'
import type { Status } from '../status.js'
import type { Tabs } from '../tabs/tabs.js'

/** What an opened store asks of the client that has it open, and tells it. */
export type StoreOwner = Readonly<{
  authenticate(): Promise<Authentication>
  policyOf(dataset: DatasetName): ConflictPolicy
  /** Whether a store that is gone belongs on this device still, and is to be written anew. */
  isWanted(): Promise<boolean>
  applied(applied: Applied, by: ChangeSource): void
  status(status: Status): void
  /** Nobody decided a conflict of the key, here or in the tab that leads. */
  deferred(dataset: DatasetName, key: RecordKey): void
  /** Another tab has changed the profile. */
  profileChanged(): void
  fault(fault: Error): void
}>

export type OpenedStoreDeps = Readonly<{
  options: ClientOptions
  platform: Platform
  sql: SqlJsStatic
  patience: Patience
  owner: StoreOwner
}>

/** One user's local store, as this tab has it open: journal and replica, the tabs that share it, and the session over it. */
export class OpenedStore {
  /** Rejects when the store cannot be used; nothing is open then. The session begins with `session.start`. */
  static async open(name: string, deps: OpenedStoreDeps): Promise<OpenedStore> {
    const tabs = deps.platform.tabsOf(name)
    try {
      return new OpenedStore(
        name,
        await openJournal(name, tabs, { ...deps, isWanted: () => deps.owner.isWanted() }),
        tabs,
        deps,
      )
    } catch (fault) {
      tabs.close()
      throw fault
    }
  }

  readonly session: TabSession
  readonly #ends: readonly (() => void)[]

  private constructor(
    readonly name: string,
    readonly store: LocalStore,
    private readonly tabs: Tabs,
    { options, platform, patience, owner }: OpenedStoreDeps,
  ) {
    const { clock, random, transport } = platform
    this.session = new TabSession({
      store,
      tabs,
      transport,
      provider: { authenticate: () => owner.authenticate() },
      policyOf: (dataset) => owner.policyOf(dataset),
      onDeferred: (dataset, key) => {
        owner.deferred(dataset, key)
        tabs.tell({ kind: 'deferred', dataset, key })
      },
      onWire: options.onWire,
      onFault: (fault) => owner.fault(fault),
      paused: options.paused ?? false,
      patience,
      clock,
      random,
    })
    this.#ends = [
      store.listen({ applied: (applied, by) => owner.applied(applied, by) }),
      this.session.onStatus((status) => owner.status(status)),
      tabs.listen((message) => {
        if (message.kind === 'deferred') owner.deferred(message.dataset, message.key)
        if (message.kind === 'profile') owner.profileChanged()
      }),
    ]
  }

  /** Tells the store's other tabs that the profile has changed. */
  tellProfile(): void {
    this.tabs.tell({ kind: 'profile' })
  }

  /** Waits until what was written is saved, or cannot be. */
  async close(): Promise<void> {
    await this.session.close()
    await this.store.close()
    for (const end of this.#ends) end()
    this.tabs.close()
  }
}

type JournalDeps = Pick<OpenedStoreDeps, 'platform' | 'sql'> &
  Readonly<{ owner: Pick<StoreOwner, 'fault'>; isWanted: () => Promise<boolean> }>

/** Opens a store without a session, for as long as `use` takes, and tells its other tabs that the profile has changed. */
export async function withStore<T>(
  name: string,
  deps: JournalDeps,
  use: (store: LocalStore) => Promise<T>,
): Promise<T> {
  const tabs = deps.platform.tabsOf(name)
  try {
    const store = await openJournal(name, tabs, deps)
    try {
      return await use(store)
    } finally {
      await store.close()
    }
  } finally {
    tabs.tell({ kind: 'profile' })
    tabs.close()
  }
}

async function openJournal(
  name: string,
  tabs: Tabs,
  { platform, sql, owner, isWanted }: JournalDeps,
): Promise<LocalStore> {
  const { storage, clock, random } = platform
  return JournaledStore.open({
    journal: await storage.open(name),
    sql,
    tabs,
    clock,
    random,
    isWanted,
    onFault: (fault) => owner.fault(fault),
  })
}
