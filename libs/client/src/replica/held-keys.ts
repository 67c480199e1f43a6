import { byCodePoint, sortedByCodePoint, type RecordKey, type RecordPatch } from '@satchel/protocol'
import { patchOf } from '../merge/flight.js'
import { isNothing, nothingHeld, placedValue, type Held } from '../merge/held.js'
import { isClash } from '../merge/standing.js'

/**
 * All that is held of one dataset's keys, as objects: read from their rows when something other than a value is first asked
 * for, and ahead of the rows from then on. Keys that wait, clash or are on their way are found without looking at the others.
 */
export class HeldKeys {
  /** Keys whose rows are behind. */
  readonly ahead = new Set<RecordKey>()
  #loaded: Map<RecordKey, Held> | null = null
  readonly #waiting = new Set<RecordKey>()
  readonly #flying = new Set<RecordKey>()
  readonly #clashing = new Set<RecordKey>()
  #sent: readonly RecordPatch[] | null = null

  constructor(private readonly stored: () => readonly Held[]) {}

  get(key: RecordKey): Held {
    return this.#byKey.get(key) ?? nothingHeld(key)
  }

  put(held: Held): void {
    this.#take(this.#byKey, held)
    this.ahead.add(held.key)
  }

  keys(): Iterable<RecordKey> {
    return this.#byKey.keys()
  }

  /** What shows, by code point of the key. */
  entries(): [key: string, value: string][] {
    const values = new Map<string, string>()
    for (const [key, held] of this.#byKey) {
      const value = placedValue(held)
      if (value !== null) values.set(key, value)
    }
    return sortedByCodePoint(values.keys()).map((key) => [key, values.get(key)!])
  }

  /** What has a pending edit, and is as asked for, in order of place and key. */
  pending(is: (held: Held) => boolean = () => true): Held[] {
    return this.#inOrder(this.#waiting, is)
  }

  /** What waits for a decision, in that order. Asked after every append, so it costs nothing while nothing does. */
  clashes(): Held[] {
    return this.#inOrder(this.#clashing, () => true)
  }

  /** Keys on their way. */
  flown(): Iterable<RecordKey> {
    return this.#byKey.size === 0 ? [] : this.#flying
  }

  /** What is on its way, by key. */
  patches(): readonly RecordPatch[] {
    return (this.#sent ??= sortedByCodePoint(this.flown()).map((key) => patchOf(this.get(key))))
  }

  #inOrder(keys: ReadonlySet<RecordKey>, is: (held: Held) => boolean): Held[] {
    const byKey = this.#byKey
    const found: Held[] = []
    for (const key of keys) {
      const held = byKey.get(key)!
      if (is(held)) found.push(held)
    }
    return found.sort((a, b) => a.pending!.place - b.pending!.place || byCodePoint(a.key, b.key))
  }

  get #byKey(): Map<RecordKey, Held> {
    if (this.#loaded !== null) return this.#loaded
    const byKey = new Map<RecordKey, Held>()
    for (const held of this.stored()) this.#take(byKey, held)
    return (this.#loaded = byKey)
  }

  #take(byKey: Map<RecordKey, Held>, held: Held): void {
    const { key, pending, flown } = held
    if (isNothing(held)) byKey.delete(key)
    else byKey.set(key, held)
    if (pending === null) this.#waiting.delete(key)
    else this.#waiting.add(key)
    if (isClash(held)) this.#clashing.add(key)
    else this.#clashing.delete(key)
    const flew = this.#flying.delete(key)
    if (flown !== null) this.#flying.add(key)
    if (flew || flown !== null) this.#sent = null
  }
}
