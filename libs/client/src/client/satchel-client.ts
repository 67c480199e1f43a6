import { parseDatasetName, violationMessage, type DatasetName, type Limits, type RecordKey } from '@satchel/protocol'
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
import { asError } from '../as-error.js'
import type { Authentication } from '../identity/identity-provider.js'
import { EarlyToken } from '../identity/early-token.js'
import { LoginProvider } from '../identity/login-provider.js'
import type { Entry } from '../journal/entry.js'
import type { ChangeSource } from '../local/local-store.js'
import type { Profile } from '../platform/device-storage.js'
import type { Platform } from '../platform/platform.js'
import type { Applied, Replica } from '../replica/replica.js'
import { Patience } from '../session/patience.js'
import type { Status } from '../status.js'
import { ConnectionFault } from '../transport/transport.js'
import { DatasetView, type DatasetHost } from './dataset-view.js'
import { Listeners } from './listeners.js'
import { newProfile, profileOf, signedOut } from './profile-moves.js'
import { StoreInUse, type StoreInUseDeps } from './store-in-use.js'
import { TrackedWrite } from './tracked-write.js'
import { WriteTracker } from './write-tracker.js'

/** What is fixed for as long as a client is open. */
type Parts = Readonly<{ options: ClientOptions; platform: Platform }>

/** Who signs in, and whether what a guest has comes along. */
type Newcomer = Readonly<{ login: Login | null; bring: boolean }>

/**
 * The client as the app holds it: finds the user's local store, keeps a session over it, and changes store and session when
 * another user signs in or out.
 */
export class SatchelClient implements SyncClient, DatasetHost {
  readonly #views = new Map<DatasetName, DatasetView>()
  readonly #policies = new Map<DatasetName, ConflictPolicy>()
  readonly #writes = new WriteTracker()
  readonly #statusListeners = new Listeners<Status>((fault) => this.fault(fault))
  #inUse!: StoreInUse
  #login: Login | null
  /** Who the user is, already asked for; the next session begins with it. */
  #asked: Authentication | null = null
  #early: EarlyToken | null = null
  #closed = false

  private constructor(private readonly parts: Parts) {
    this.#login = parts.options.login ?? null
  }

  /** Opens what is on this device; needs no network. Rejects when the device's storage cannot be used. */
  static async open(options: ClientOptions, platform: Platform): Promise<SatchelClient> {
    const { storage, random, clock } = platform
    const fresh = newProfile(random.uuid(), options.guest ?? null)
    const [sql, profile] = await Promise.all([platform.loadSql(), storage.profile(fresh)])
    const client = new SatchelClient({ options, platform })
    if (client.#login === null && options.paused !== true) client.#early = EarlyToken.of(profile, platform)
    const patience = new Patience(clock)
    client.#inUse = await StoreInUse.open(profile, { options, platform, sql, patience, owner: client.#owner() })
    client.#inUse.session.start()
    return client
  }

  dataset(name: string, options: Readonly<{ conflicts?: ConflictPolicy }> = {}): Dataset {
    const parsed = parseDatasetName(name)
    if (!parsed.ok) throw new EditRefused('InvalidParameter', violationMessage([parsed.violation]))
    const known = this.#views.get(parsed.value)
    if (options.conflicts !== undefined) this.#policies.set(parsed.value, options.conflicts)
    if (known !== undefined) return known
    const view = new DatasetView(parsed.value, this)
    this.#views.set(parsed.value, view)
    this.#keepInStep(parsed.value)
    return view
  }

  get identity(): string | null {
    return this.#inUse.profile.identity
  }

  get limits(): Limits {
    return this.replica.greeting.limits
  }

  get status(): Status {
    return this.#inUse.session.status
  }

  onStatus(listener: (status: Status) => void): Unsubscribe {
    return this.#statusListeners.add(listener)
  }

  async synchronize(): Promise<SyncReport> {
    await this.#inUse.settled()
    await this.#inUse.store.flushed()
    return this.#inUse.session.synchronize()
  }

  pause(): void {
    this.#inUse.session.pause()
  }

  resume(): void {
    this.#inUse.session.resume()
  }

  async signIn(login: Login, { guestData = 'bring' }: Readonly<{ guestData?: 'bring' | 'leave' }> = {}): Promise<void> {
    await this.#inUse.inTurn(async () => {
      const { identity, guest } = this.#inUse.profile
      const found = await new LoginProvider(login).authenticate(guest ? identity : null)
      await this.#become(found, { login, bring: guestData === 'bring' })
    })
  }

  async signOut({ wipe }: Readonly<{ wipe: boolean }>): Promise<void> {
    const inUse = this.#inUse
    await inUse.inTurn(async () => {
      const left = inUse.profile.store
      for (let isOut = false; !isOut;) {
        const wiped = wipe ? [left, inUse.profile.store] : []
        const next = signedOut(inUse.profile, { fresh: this.parts.platform.random.uuid(), wiped })
        isOut = await inUse.moveTo(next, () => this.#goOnAs(null, null))
        if (!isOut) await inUse.follow()
      }
      // Another tab may have kept it when it signed out.
      if (wipe) await this.parts.platform.storage.remove(left)
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#inUse.close()
    await this.parts.platform.storage.close()
  }

  get replica(): Replica {
    return this.#inUse.store.replica
  }

  now(): number {
    return this.parts.platform.clock.now()
  }

  write(dataset: DatasetName, keys: Iterable<RecordKey>, entries: readonly Entry[]): Write {
    if (this.#closed) throw new EditRefused('Closed', `dataset "${dataset}" belongs to a client that is closed`)
    const inUse = this.#inUse
    const { store } = inUse
    const placed = store.write(entries)
    return new TrackedWrite(() => inUse.saved(store, placed), this.#writes.track(dataset, keys, placed))
  }

  fault(fault: Error): void {
    this.parts.options.onFault?.(fault)
  }

  #keepInStep(dataset: DatasetName): void {
    if (this.#closed || this.replica.datasets().includes(dataset)) return
    this.#inUse.store.write([{ kind: 'open', dataset }]).catch((fault: unknown) => this.fault(asError(fault)))
  }

  #applied({ shown, settled }: Applied, by: ChangeSource): void {
    for (const { dataset, keys } of shown) this.#views.get(dataset)?.changed(keys, by)
    for (const one of settled) this.#writes.settled(one)
  }

  #owner(): StoreInUseDeps['owner'] {
    return {
      authenticate: () => this.#authenticate(),
      policyOf: (dataset) => this.#policies.get(dataset) ?? this.parts.options.conflicts ?? 'last-writer',
      applied: (applied, by) => this.#applied(applied, by),
      status: (status) => this.#statusListeners.tell(status),
      deferred: (dataset, key) => this.#writes.conflicting(dataset, key),
      entered: (placed, adopts) => this.#entered(placed, adopts),
      adoptedElsewhere: () => this.#abandonWrites(),
      fault: (fault) => this.fault(fault),
    }
  }

  #entered(placed: Promise<number>, adopts: boolean): void {
    if (adopts) this.#writes.moved(placed)
    else this.#abandonWrites()
    for (const view of this.#views.values()) {
      view.moved()
      this.#keepInStep(view.name)
    }
  }

  /** Nobody will ever learn what becomes of what was written before. */
  #abandonWrites(): void {
    this.#writes.abandon({ kind: 'refused', code: 'NotAuthorized', message: 'another user has signed in' })
  }

  /** The session's question who the user is. The answer may be somebody else than this store's user; then all moves. */
  async #authenticate(): Promise<Authentication> {
    const login = this.#login
    const inUse = this.#inUse
    // Another tab may have been told since who the user is.
    const stored = await inUse.refresh()
    if (stored.store !== inUse.profile.store) return this.#giveWay(() => inUse.follow())
    const { profile } = inUse
    const found = this.#asked ?? (await this.#ask(profile))
    // Somebody signed in or out while the question was on its way; its answer is about the user of before.
    const isOld = (): boolean => this.#login !== login || inUse.profile.store !== profile.store
    if (isOld()) throw anotherUser()
    this.#asked = null
    const next = this.#profileOf(found, true)
    if (next === profile) return found
    if (next.store !== profile.store) {
      return this.#giveWay(() => (isOld() ? Promise.resolve() : this.#become(found, { login, bring: true })))
    }
    // Not beside a change of the user, whose profile this one would take the place of.
    const isSaved = await inUse.inTurn(async () => !isOld() && (await inUse.save(next)))
    if (!isSaved) throw anotherUser()
    return found
  }

  /** The session's question has no answer in this store; it ends with the store. */
  #giveWay(move: () => Promise<void>): never {
    this.#inUse.inTurnAlone(move)
    throw anotherUser()
  }

  async #ask({ guest, identity }: Profile): Promise<Authentication> {
    const known = guest ? identity : null
    const { guests } = this.parts.platform
    if (this.#login !== null) return new LoginProvider(this.#login).authenticate(known)
    if (!guest) throw new ConnectionFault('refused', 'this device is signed in, and no login was given to go on with')
    try {
      return await (this.#early?.take(known) ?? guests.authenticate(known))
    } catch (fault) {
      // The server has forgotten this guest. Another one goes on, with everything that is on the device.
      if (!(fault instanceof ConnectionFault) || fault.error?.code !== 'ResourceNotFound' || known === null) throw fault
      return guests.authenticate(null)
    }
  }

  async #become(found: Authentication, who: Newcomer): Promise<void> {
    const inUse = this.#inUse
    const { profile } = inUse
    const next = this.#profileOf(found, who.bring)
    const goOn = (): void => this.#goOnAs(who.login, found)
    if (next.store !== profile.store) {
      if (await inUse.moveTo(next, goOn)) return
    } else if (next === profile || (await inUse.save(next))) {
      goOn()
      return inUse.session.reconnect()
    }
    // Another tab was first. The user is the same, but what there is on the device may not be.
    await inUse.follow()
    await this.#become(found, who)
  }

  #profileOf(found: Authentication, bring: boolean): Profile {
    return profileOf(found, { profile: this.#inUse.profile, fresh: this.parts.platform.random.uuid(), bring })
  }

  #goOnAs(login: Login | null, asked: Authentication | null): void {
    this.#login = login
    this.#asked = asked
  }
}

const anotherUser = (): ConnectionFault => new ConnectionFault('cut', 'another user has signed in')
