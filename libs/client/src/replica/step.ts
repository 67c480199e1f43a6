import { sortedByCodePoint, type DatasetName, type RecordKey } from '@satchel/protocol'
import { isNothing, type Held, type Moment, type Moved } from '../merge/held.js'
import type { HeldKeys } from './held-keys.js'
import type { Settled } from './replica.js'
import { newDataset, type DatasetState, type StoreState } from './store-state.js'

/**
 * One group being applied. All that it makes is kept here until it is known that the whole group could be applied, and is
 * dropped if not.
 */
export class Step {
  readonly settled: Settled[] = []
  readonly datasets: Map<DatasetName, DatasetState>
  /** Keys as the group leaves them. */
  readonly changed = new Map<DatasetName, Map<RecordKey, Held>>()

  constructor(
    private readonly keysOf: (name: DatasetName) => HeldKeys,
    readonly place: number,
    public store: StoreState,
    before: ReadonlyMap<DatasetName, DatasetState>,
  ) {
    this.datasets = new Map(before)
  }

  /** The dataset, which begins to be kept in step if it was not yet. */
  dataset(name: DatasetName): DatasetState {
    const known = this.datasets.get(name)
    if (known !== undefined) return known
    const opened = newDataset(this.datasets.size + 1, name)
    this.datasets.set(name, opened)
    return opened
  }

  put(dataset: DatasetState): void {
    this.datasets.set(dataset.name, dataset)
  }

  moment(dataset: DatasetState): Moment {
    return { place: this.place, complete: dataset.epoch !== 0 }
  }

  /** The key as the group has made it so far. */
  held({ name }: DatasetState, key: RecordKey): Held {
    return this.changed.get(name)?.get(key) ?? this.keysOf(name).get(key)
  }

  /** Moves a key on, and notes what that settles. */
  move(dataset: DatasetState, key: RecordKey, moving: (held: Held) => Moved): void {
    const { name } = dataset
    const before = this.held(dataset, key)
    const { held, settled } = moving(before)
    for (const { through, as } of settled) this.settled.push({ dataset: name, key, through, as })
    if (held === before) return
    const changed = this.changed.get(name)
    if (changed === undefined) this.changed.set(name, new Map([[key, held]]))
    else changed.set(key, held)
  }

  /** Keys of which something is held, but for some, by code point. */
  allBut(dataset: DatasetState, some: Readonly<{ has(key: RecordKey): boolean }>): RecordKey[] {
    return this.#keysWhere(dataset, this.keysOf(dataset.name).keys(), (held) => !some.has(held.key) && !isNothing(held))
  }

  /** Keys on their way, by code point. */
  flown(dataset: DatasetState): RecordKey[] {
    return this.#keysWhere(dataset, this.keysOf(dataset.name).flown(), ({ flown }) => flown !== null)
  }

  #keysWhere(dataset: DatasetState, before: Iterable<RecordKey>, is: (held: Held) => boolean): RecordKey[] {
    const keys = new Set(before)
    for (const key of this.changed.get(dataset.name)?.keys() ?? []) keys.add(key)
    return sortedByCodePoint([...keys].filter((key) => is(this.held(dataset, key))))
  }
}
