import type { Entry, Group } from '../journal/entry.js'
import type { Applied, Replica, Ticket } from '../replica/replica.js'
import type { ChangeSource } from './local-store.js'

/** A group that is in the journal; with `own`, one that this tab wrote. */
export type Arrival = Readonly<{
  place: number
  group: Group
  own: Readonly<{ ticket: Ticket; applied: (place: number) => void }> | null
}>

/** Groups that came before the ones in front of them; more of other tabs are read from the journal again. */
const EARLY_MAX = 256

/** Applies groups in the order of their places, in whatever order they arrive. */
export class Arrivals {
  readonly #early = new Map<number, Arrival>()

  constructor(
    private readonly deps: Readonly<{
      replica: Replica
      tell: (applied: Applied, by: ChangeSource) => void
      onFault: (fault: Error) => void
    }>,
  ) {}

  /** True while a group in front of one that has arrived is missing. */
  get isBehind(): boolean {
    return this.#early.size > 0
  }

  take(arrival: Arrival): void {
    const { replica } = this.deps
    if (arrival.place <= replica.place) return this.#isThere(arrival)
    // What this tab wrote is its own, also when the journal tells it first.
    const known = this.#early.get(arrival.place)
    if (known === undefined || known.own === null) this.#keep(arrival)
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#apply(next)
  }

  /** The highest place that waits for one before it; 0 for none. */
  get last(): number {
    return Math.max(0, ...this.#early.keys())
  }

  /** Forgets what waits at places up to this one: it is contained in what the replica is now, or it is nowhere. */
  forget(through: number): void {
    for (const [place, arrival] of [...this.#early]) {
      if (place > through) continue
      this.#early.delete(place)
      this.#isThere(arrival)
    }
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#apply(next)
  }

  #next(): Arrival | undefined {
    return this.#early.get(this.deps.replica.place + 1)
  }

  #keep(arrival: Arrival): void {
    if (arrival.own !== null || this.#early.size < EARLY_MAX || arrival.place === this.deps.replica.place + 1) {
      this.#early.set(arrival.place, arrival)
    }
  }

  #isThere({ place, own }: Arrival): void {
    if (own === null) return
    this.deps.tell({ shown: this.deps.replica.hide(own.ticket), settled: [] }, 'here')
    own.applied(place)
  }

  #apply({ place, group, own }: Arrival): void {
    const { tell } = this.deps
    this.#early.delete(place)
    const by = isOfServer(group) ? 'server' : own === null ? 'tab' : 'here'
    const applied = this.#applied(place, group, own?.ticket)
    // Who wrote it learns its place before listeners are told what became of it.
    own?.applied(place)
    tell(applied, by)
  }

  /**
   * Of a group that cannot be applied what the app did is applied alone, and nothing if that cannot be either: alike in every
   * tab, so that it is in nobody's way, and so that what a server said does not take an edit along.
   */
  #applied(place: number, group: Group, ticket: Ticket | undefined): Applied {
    const { replica, onFault } = this.deps
    const attempts = [group, group.filter(({ kind }) => OF_APPS.includes(kind)), []]
    for (const attempt of attempts) {
      try {
        return replica.apply(place, attempt, ticket)
      } catch (fault) {
        if (attempt === group) onFault(new Error(`the group of place ${place} cannot be applied`, { cause: fault }))
      }
    }
    throw new Error(`not even an empty group can be applied at place ${place}, the replica is at ${replica.place}`)
  }
}

/** True of a group that brings what the server said. */
export const isOfServer = (group: Group): boolean => group.some(({ kind }) => kind === 'answer')

const OF_APPS: readonly Entry['kind'][] = ['open', 'edit', 'settle', 'adopt']
