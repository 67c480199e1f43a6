import { asError } from '../as-error.js'
import type { Entry } from '../journal/entry.js'
import type { LocalStore } from '../local/local-store.js'
import type { Profile } from '../platform/device-storage.js'
import { leadsTo } from '../platform/replaced-profile.js'
import { OpenedStore, withStore, type OpenedStoreDeps, type StoreOwner } from './opened-store.js'
import { adoptionOf, leftBehind } from './taken-over.js'

/** What the client is told while it goes from one store to another. */
export type MoveListener = Readonly<{
  /**
   * Another store is in use, and `placed` resolves to where its first group stands, with everything that a guest left if `adopts`.
   * Called before anything else can be written to it.
   */
  entered(placed: Promise<number>, adopts: boolean): void
  /** What a guest left came into the store with another tab, which alone knows what becomes of it. */
  adoptedElsewhere(): void
}>

export type StoreInUseDeps = Omit<OpenedStoreDeps, 'owner'> &
  Readonly<{ owner: Omit<StoreOwner, 'isWanted' | 'profileChanged'> & MoveListener }>

/**
 * The profile of this device and the store that it names, opened: kept in step with other tabs, and changed in one step over all of
 * them. Changes are made one after the other, in turn.
 */
export class StoreInUse {
  /** Opens the profile's store and goes on with a take-over that a crash interrupted. The session does not begin yet. */
  static async open(profile: Profile, deps: StoreInUseDeps): Promise<StoreInUse> {
    const inUse = new StoreInUse(profile, deps)
    inUse.#opened = await inUse.#openStore(profile.store)
    await inUse.#finishAdoption()
    return inUse
  }

  #opened!: OpenedStore
  /** Stores of which everything that was written in this tab is saved in another one. */
  readonly #takenOver = new WeakSet<LocalStore>()
  /** The end of the turns. */
  #turns: Promise<unknown> = Promise.resolve()
  #closed = false

  private constructor(
    private held: Profile,
    private readonly deps: StoreInUseDeps,
  ) {}

  get profile(): Profile {
    return this.held
  }

  get store(): OpenedStore['store'] {
    return this.#opened.store
  }

  get session(): OpenedStore['session'] {
    return this.#opened.session
  }

  /** Resolves when a group that was written to a store is saved, there or where it was brought along. */
  async saved(store: LocalStore, placed: Promise<number>): Promise<void> {
    await placed.catch((fault: unknown) => {
      if (!this.#takenOver.has(store)) throw fault
    })
  }

  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.then(work, work)
    this.#turns = turn.catch(() => {})
    return turn
  }

  /** In turn, with nobody who waits for it. */
  inTurnAlone(work: () => Promise<void>): void {
    this.inTurn(work).catch((fault: unknown) => this.deps.owner.fault(asError(fault)))
  }

  /** Resolves when every change that was asked for is done. */
  async settled(): Promise<void> {
    await this.#turns
  }

  /** The profile as it is stored; held here too, where it names the store that is open. */
  async refresh(): Promise<Profile> {
    const next = await this.deps.platform.storage.profile(this.held)
    if (next.store === this.held.store) this.held = next
    return next
  }

  /** Goes where another tab has gone; to be called in turn. */
  async follow(): Promise<void> {
    const next = await this.refresh()
    if (next.store !== this.held.store) await this.#enter(await this.#openStore(next.store), next)
  }

  /** Saves a profile of the same store, in turn. False, and nothing is saved, where another tab was first. */
  async save(to: Profile): Promise<boolean> {
    const stored = await this.deps.platform.storage.replaceProfile({ from: this.held, to })
    if (stored.store !== to.store || stored.identity !== to.identity) return false
    this.held = stored
    this.#opened.tellProfile()
    return true
  }

  /**
   * Makes a profile with another store this device's, and goes on in that store, in turn; `goOn` is called in between. False, and all
   * is as it was, where another tab was first. All is as it was, too, when this rejects because the store cannot be opened or the
   * profile cannot be saved.
   */
  async moveTo(next: Profile, goOn: () => void): Promise<boolean> {
    const { storage } = this.deps.platform
    const from = this.held
    const opened = await this.#openStore(next.store)
    const leave = async (): Promise<void> => {
      await opened.close()
      if (!leadsTo(from, next.store)) await storage.remove(next.store)
    }
    try {
      const stored = await storage.replaceProfile({ from, to: next })
      if (stored.store !== next.store) {
        await leave()
        return false
      }
    } catch (fault) {
      await leave().catch((again: unknown) => this.deps.owner.fault(asError(again)))
      throw fault
    }
    goOn()
    await this.#enter(opened, next)
    return true
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#turns
    await this.#opened.close()
  }

  #openStore(name: string): Promise<OpenedStore> {
    const { owner } = this.deps
    return OpenedStore.open(name, {
      ...this.deps,
      owner: {
        ...owner,
        isWanted: () => this.#isWanted(name),
        profileChanged: () => this.inTurnAlone(() => this.follow()),
      },
    })
  }

  /** Leaves the present store for the profile's; takes over what a guest left here, if the profile says so. */
  async #enter(opened: OpenedStore, next: Profile): Promise<void> {
    const { owner } = this.deps
    const old = this.#opened
    await old.session.close()
    // From here on nobody sends for the guest: what is written there still stays pending, and can be told apart.
    if (next.adopting === old.name) await old.store.takeTerm().catch((fault: unknown) => owner.fault(asError(fault)))
    // From here to the swap nothing is awaited, so no edit falls between the two stores.
    const before = opened.store.replica.adoption(old.name)
    const adopts = before === null && next.adopting === old.name
    const left = before === null ? [] : leftBehind(old.store.replica, before)
    const group: Entry[] = adopts ? [adoptionOf(old.name, old.store.replica)] : left
    this.held = next
    this.#opened = opened
    const placed = opened.store.write(group)
    owner.entered(placed, adopts)
    opened.session.start()
    if (adopts) await this.#adopted(await placed, old)
    else await placed
    if (adopts || before !== null) this.#takenOver.add(old.store)
    old.tellProfile()
    await old.close()
    await this.#removeUnlessNamed(old.name)
  }

  /** A guest's store was taken over; if another tab was first with it, only what this one wrote since is brought along. */
  async #adopted(place: number, { name, store }: OpenedStore): Promise<void> {
    const adoption = this.store.replica.adoption(name)
    if (adoption !== null && adoption.place !== place) {
      this.deps.owner.adoptedElsewhere()
      await this.store.write(leftBehind(store.replica, adoption))
    }
    await this.save({ ...this.held, adopting: null })
  }

  /** Goes on with a take-over that a crash interrupted. */
  async #finishAdoption(): Promise<void> {
    const { adopting } = this.held
    if (adopting === null) return
    const { store } = this.#opened
    if (store.replica.adoption(adopting) === null) {
      const isWanted = (): Promise<boolean> => this.#isWanted(adopting)
      await withStore(adopting, { ...this.deps, isWanted }, async (guests) => {
        await guests.takeTerm()
        await store.write([adoptionOf(adopting, guests.replica)])
      })
    }
    await this.save({ ...this.held, adopting: null })
    await this.#removeUnlessNamed(adopting)
  }

  /** A store that the profile does not lead to is found again only by those who look for what is left on a device. */
  async #removeUnlessNamed(name: string): Promise<void> {
    const { storage } = this.deps.platform
    if (!leadsTo(await storage.profile(this.held), name)) await storage.remove(name)
  }

  /** A store that is gone was removed on purpose where the profile does not lead to it; then all goes on where it does. */
  async #isWanted(name: string): Promise<boolean> {
    // What takes a store away takes the profile with it, without which nobody would find the store that is written anew.
    const stored = await this.deps.platform.storage.profile(this.held)
    const isWanted = leadsTo(stored, name)
    if (!isWanted && name === this.held.store && !this.#closed) this.inTurnAlone(() => this.follow())
    return isWanted
  }
}
