import { parseDatasetName, violationMessage, type DatasetName, type Limits, type RecordKey } from '@satchel/protocol'
import type { SqlJsStatic } from 'sql.js'
import {
  EditRefused,
  type ClientOptions,
  type ConflictPolicy,
  type Dataset,
  type Login,
  type SyncClient,
  type SyncReport,
  type Unsubscribe,
  type Write,
} from '../api.js'
import type { Authentication } from '../identity/identity-provider.js'
import { EarlyToken } from '../identity/early-token.js'
import { LoginProvider } from '../identity/login-provider.js'
import type { Entry } from '../journal/entry.js'
import type { ChangeSource, LocalStore } from '../local/local-store.js'
import { JournalFault } from '../journal/journal.js'
import { JournaledStore } from '../local/journaled-store.js'
import type { Profile } from '../platform/device-storage.js'
import type { Platform } from '../platform/platform.js'
import type { Applied, Replica } from '../replica/replica.js'
import { TabSession } from '../session/tab-session.js'
import type { Status } from '../status.js'
import type { Tabs } from '../tabs/tabs.js'
import { ConnectionFault } from '../transport/transport.js'
import { DatasetView, type DatasetHost } from './dataset-view.js'
import { Listeners } from './listeners.js'
import { newProfile, profileOf, signedOut } from './profile-moves.js'
import { everythingIn, leftBehind, type Left } from './taken-over.js'
import { TrackedWrite } from './tracked-write.js'
import { WriteTracker } from './write-tracker.js'

/** One user's local store, as this tab has it open. */
type Opened = Readonly<{ profile: Profile; tabs: Tabs; store: LocalStore; session: TabSession; end: () => void }>

/** What is fixed for as long as a client is open. */
type Parts = Readonly<{ options: ClientOptions; platform: Platform; sql: SqlJsStatic }>

/**
 * The client as the app holds it: finds the user's local store, keeps a session over it, and changes store and session when
 * another user signs in or out.
 */
export class SatchelClient implements SyncClient, DatasetHost {
  private readonly views = new Map<DatasetName, DatasetView>()
  private readonly policies = new Map<DatasetName, ConflictPolicy>()
  private readonly writes = new WriteTracker()
  private readonly statusListeners = new Listeners<Status>((fault) => this.fault(fault))
  private opened!: Opened
  private login: Login | null
  /** Who the user is, already asked for; the next session begins with it. */
  private asked: Authentication | null = null
  private early: EarlyToken | null = null
  /** Changes of the user, one after the other. */
  private moves: Promise<unknown> = Promise.resolve()
  private closed = false

  private constructor(private readonly parts: Parts) {
    this.login = parts.options.login ?? null
  }

  /** Opens what is on this device; needs no network. Rejects when the device's storage cannot be used. */
  static async open(options: ClientOptions, platform: Platform): Promise<SatchelClient> {
    const { storage, random } = platform
    const fresh = newProfile(random.uuid(), options.guest ?? null)
    const [sql, profile] = await Promise.all([platform.loadSql(), storage.profile(fresh)])
    const client = new SatchelClient({ options, platform, sql })
    if (client.login === null && options.paused !== true) client.early = EarlyToken.of(profile, platform)
    client.opened = await client.openStore(profile)
    await client.finishAdoption()
    client.opened.session.start()
    return client
  }

  dataset(name: string, options: Readonly<{ conflicts?: ConflictPolicy }> = {}): Dataset {
    const parsed = parseDatasetName(name)
    if (!parsed.ok) throw new EditRefused('InvalidParameter', violationMessage([parsed.violation]))
    const known = this.views.get(parsed.value)
    if (options.conflicts !== undefined) this.policies.set(parsed.value, options.conflicts)
    if (known !== undefined) return known
    const view = new DatasetView(parsed.value, this)
    this.views.set(parsed.value, view)
    this.keepInStep(parsed.value)
    return view
  }

  get identity(): string | null {
    return this.opened.profile.identity
  }

  get limits(): Limits {
    return this.replica.greeting.limits
  }

  get status(): Status {
    return this.opened.session.status
  }

  onStatus(listener: (status: Status) => void): Unsubscribe {
    return this.statusListeners.add(listener)
  }

  async synchronize(): Promise<SyncReport> {
    await this.moves
    await this.opened.store.flushed()
    return this.opened.session.synchronize()
  }

  pause(): void {
    this.opened.session.pause()
  }

  resume(): void {
    this.opened.session.resume()
  }

  async signIn(login: Login, { guestData = 'bring' }: Readonly<{ guestData?: 'bring' | 'leave' }> = {}): Promise<void> {
    await this.inTurn(async () => {
      const { identity, guest } = this.opened.profile
      const found = await new LoginProvider(login).authenticate(guest ? identity : null)
      this.login = login
      await this.become(found, guestData === 'bring')
    })
  }

  async signOut({ wipe }: Readonly<{ wipe: boolean }>): Promise<void> {
    await this.inTurn(async () => {
      const { profile } = this.opened
      this.login = null
      this.asked = null
      await this.moveTo(signedOut(profile, { fresh: this.parts.platform.random.uuid(), wipe }))
      if (wipe) await this.parts.platform.storage.remove(profile.store)
    })
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.moves.catch(() => {})
    await this.closeStore(this.opened)
    await this.parts.platform.storage.close()
  }

  get replica(): Replica {
    return this.opened.store.replica
  }

  now(): number {
    return this.parts.platform.clock.now()
  }

  write(dataset: DatasetName, keys: Iterable<RecordKey>, entries: readonly Entry[]): Write {
    if (this.closed) throw new EditRefused('Closed', `dataset "${dataset}" belongs to a client that is closed`)
    const placed = this.opened.store.write(entries)
    return new TrackedWrite(placed, this.writes.track(dataset, keys, placed))
  }

  fault(fault: Error): void {
    this.parts.options.onFault?.(fault)
  }

  private keepInStep(dataset: DatasetName): void {
    if (this.closed || this.replica.datasets().includes(dataset)) return
    this.opened.store.write([{ kind: 'open', dataset }]).catch((fault: unknown) => this.fault(asError(fault)))
  }

  private async openStore(profile: Profile): Promise<Opened> {
    const { options, platform, sql } = this.parts
    const { storage, tabsOf, clock, random, transport } = platform
    const onFault = (fault: Error) => this.fault(fault)
    const tabs = tabsOf(profile.store)
    const journal = await storage.open(profile.store)
    const onStoreFault = (fault: Error) => {
      // What takes a store away takes the profile with it, without which nobody would find the store that was written anew.
      if (isLost(fault) && !this.closed && this.opened.profile.store === profile.store) {
        // Where another tab has begun with a new store meanwhile, that one is gone on with.
        void this.inTurn(() => this.followOtherTab()).catch((again: unknown) => onFault(asError(again)))
      }
      onFault(fault)
    }
    const store = await JournaledStore.open({ journal, sql, tabs, clock, random, onFault: onStoreFault })
    const session = new TabSession({
      store,
      tabs,
      transport,
      provider: { authenticate: () => this.authenticate() },
      policyOf: (dataset: DatasetName) => this.policies.get(dataset) ?? options.conflicts ?? 'last-writer',
      onDeferred: (dataset: DatasetName, key: RecordKey) => {
        this.writes.conflicting(dataset, key)
        tabs.tell({ kind: 'deferred', dataset, key })
      },
      onWire: options.onWire,
      onFault,
      paused: options.paused ?? false,
      clock,
      random,
    })
    const ends = [
      store.listen({ applied: (applied, by) => this.applied(applied, by) }),
      session.onStatus((status) => this.statusListeners.tell(status)),
      tabs.listen((message) => {
        if (message.kind === 'deferred') this.writes.conflicting(message.dataset, message.key)
        if (message.kind === 'profile') void this.inTurn(() => this.followOtherTab()).catch(onFault)
      }),
    ]
    return { profile, tabs, store, session, end: () => ends.forEach((end) => end()) }
  }

  private async closeStore({ session, store, tabs, end }: Opened): Promise<void> {
    await session.close()
    await store.close()
    end()
    tabs.close()
  }

  private applied({ shown, settled }: Applied, by: ChangeSource): void {
    for (const { dataset, keys } of shown) this.views.get(dataset)?.changed(keys, by)
    for (const one of settled) this.writes.settled(one)
  }

  /** The session's question who the user is. The answer may be somebody else than this store's user; then all moves. */
  private async authenticate(): Promise<Authentication> {
    const { login } = this
    // Another tab may have been told since who the user is.
    const stored = await this.refreshProfile()
    if (stored.store !== this.opened.profile.store) return this.giveWay(() => this.followOtherTab())
    const { profile } = this.opened
    const found = this.asked ?? (await this.ask(profile))
    // Somebody signed in or out while the question was on its way; its answer is about the user of before.
    if (this.login !== login) throw new ConnectionFault('cut', 'another user has signed in')
    this.asked = null
    const next = profileOf(found, { profile, fresh: this.parts.platform.random.uuid(), bring: true })
    if (next.store === profile.store) {
      if (next !== profile) await this.saveProfile(next)
      return found
    }
    return this.giveWay(() => this.become(found, true))
  }

  /** The session's question has no answer in this store; it ends with the store. */
  private giveWay(move: () => Promise<void>): never {
    void this.inTurn(move).catch((fault: unknown) => this.fault(asError(fault)))
    throw new ConnectionFault('cut', 'another user has signed in')
  }

  private async ask({ guest, identity }: Profile): Promise<Authentication> {
    const known = guest ? identity : null
    const { guests } = this.parts.platform
    if (this.login !== null) return new LoginProvider(this.login).authenticate(known)
    if (!guest) throw new ConnectionFault('refused', 'this device is signed in, and no login was given to go on with')
    try {
      return await (this.early?.take(known) ?? guests.authenticate(known))
    } catch (fault) {
      // The server has forgotten this guest. Another one goes on, with everything that is on the device.
      if (!(fault instanceof ConnectionFault) || fault.error?.code !== 'ResourceNotFound' || known === null) throw fault
      return guests.authenticate(null)
    }
  }

  private async become(found: Authentication, bring: boolean): Promise<void> {
    const { profile } = this.opened
    const next = profileOf(found, { profile, fresh: this.parts.platform.random.uuid(), bring })
    this.asked = found
    if (next.store !== profile.store) return this.moveTo(next)
    if (next !== profile) await this.saveProfile(next)
    this.opened.session.reconnect()
  }

  private async followOtherTab(): Promise<void> {
    const next = await this.refreshProfile()
    if (next.store !== this.opened.profile.store) await this.moveTo(next)
  }

  /** The profile as it is stored; taken over here, where it names the store that is open. */
  private async refreshProfile(): Promise<Profile> {
    const next = await this.parts.platform.storage.profile(this.opened.profile)
    if (next.store === this.opened.profile.store) this.opened = { ...this.opened, profile: next }
    return next
  }

  /** Leaves the present store for the profile's; takes over what a guest left here, if the profile says so. */
  private async moveTo(next: Profile): Promise<void> {
    const { storage } = this.parts.platform
    const old = this.opened
    await old.session.close()
    await storage.saveProfile(next)
    const opened = await this.openStore(next)
    // From here to the swap nothing is awaited, so no edit falls between the two stores.
    const adopts = next.adopting === old.profile.store
    const left = adopts ? everythingIn(old.store.replica) : leftIn(old, next)
    const through = old.store.replica.place
    this.opened = opened
    const group: Entry[] = adopts
      ? [{ kind: 'adopt', store: old.profile.store, datasets: left }]
      : left.map(({ dataset, edits }) => ({ kind: 'edit', dataset, edits }))
    const placed = opened.store.write(group)
    if (adopts) this.writes.moved(placed)
    else this.writes.abandon({ kind: 'refused', code: 'NotAuthorized', message: 'another user has signed in' })
    for (const view of this.views.values()) {
      view.moved()
      this.keepInStep(view.name)
    }
    await placed
    if (adopts) await this.saveProfile({ ...next, adopting: null, adopted: { store: old.profile.store, through } })
    old.tabs.tell({ kind: 'profile' })
    await this.closeStore(old)
    if (adopts) await storage.remove(old.profile.store)
    opened.session.start()
  }

  /** Goes on with a take-over that a crash interrupted. */
  private async finishAdoption(): Promise<void> {
    const { profile, store } = this.opened
    const { adopting } = profile
    if (adopting === null) return
    const { platform, sql } = this.parts
    const { storage, tabsOf, clock, random } = platform
    let through = 0
    if (!store.replica.hasAdopted(adopting)) {
      const tabs = tabsOf(adopting)
      const onFault = (fault: Error) => this.fault(fault)
      const journal = await storage.open(adopting)
      const guests = await JournaledStore.open({ journal, sql, tabs, clock, random, onFault })
      through = guests.replica.place
      await store.write([{ kind: 'adopt', store: adopting, datasets: everythingIn(guests.replica) }])
      await guests.close()
      tabs.close()
    }
    await this.saveProfile({ ...profile, adopting: null, adopted: { store: adopting, through } })
    await storage.remove(adopting)
  }

  private async saveProfile(profile: Profile): Promise<void> {
    await this.parts.platform.storage.saveProfile(profile)
    this.opened = { ...this.opened, profile }
    this.opened.tabs.tell({ kind: 'profile' })
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.moves.then(work, work)
    this.moves = turn.catch(() => {})
    return turn
  }
}

/** Another tab may have taken this one's guest over while this one still wrote. */
const leftIn = ({ profile, store }: Opened, { adopted }: Profile): readonly Left[] =>
  adopted?.store === profile.store ? leftBehind(store.replica, adopted.through) : []

const isLost = (fault: Error): boolean => fault instanceof JournalFault && fault.kind === 'lost'

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
