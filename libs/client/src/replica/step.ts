import type { DatasetName, RecordKey } from '@satchel/protocol'
import { isNothing, nothingHeld, placedValue, type Held, type Moment, type Moved } from '../merge/held.js'
import type { HeldRow, HeldRows } from './held-rows.js'
import type { Settled } from './replica.js'
import { newDataset, type DatasetState, type StoreState } from './store-state.js'

/** A key's value as the journal shows it, before and after a step. */
export type Turn = Readonly<{ before: string | null; after: string | null }>

/** What an entry makes of one key. */
export type Move = Readonly<{ key: RecordKey; moving: (held: Held) => Moved }>

/** From so many keys on, reading all of a dataset at once is cheaper than one by one. */
const READ_AT_ONCE_MIN = 32

/**
 * One group being applied. Rows are written as it goes, inside a transaction; all else is kept here until it is known that the
 * whole group could be applied, and is dropped with the transaction if not.
 */
export class Step {
  readonly settled: Settled[] = []
  readonly turns = new Map<DatasetName, Map<RecordKey, Turn>>()
  readonly datasets: Map<DatasetName, DatasetState>

  constructor(
    private readonly rows: HeldRows,
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

  /** Moves one key on, and notes what that shows and settles. */
  move(dataset: DatasetState, key: RecordKey, moving: (held: Held) => Moved): void {
    this.moveRow(dataset, this.rows.read(dataset.id, key), moving)
  }

  /** Moves keys on, each of which is named once. */
  moveAll(dataset: DatasetState, moves: readonly Move[]): void {
    if (moves.length < READ_AT_ONCE_MIN) {
      for (const { key, moving } of moves) this.move(dataset, key, moving)
      return
    }
    const rows = this.rows.all(dataset.id)
    const inserted: Held[] = []
    for (const { key, moving } of moves) {
      const row = rows.get(key)
      if (row !== undefined) this.moveRow(dataset, row, moving)
      else {
        const held = nothingHeld(key)
        const moved = moving(held)
        this.note(dataset.name, held, moved)
        if (!isNothing(moved.held)) inserted.push(moved.held)
      }
    }
    this.rows.insert(dataset.id, inserted)
  }

  moveRow({ id, name }: DatasetState, { rowid, held }: HeldRow, moving: (held: Held) => Moved): void {
    const moved = moving(held)
    if (moved.held !== held) this.rows.write(id, rowid, moved.held)
    this.note(name, held, moved)
  }

  /** Every key of the dataset that is held, as it is now. */
  all(dataset: DatasetState): Map<RecordKey, HeldRow> {
    return this.rows.all(dataset.id)
  }

  /** Keys on their way. */
  flown(dataset: DatasetState): HeldRow[] {
    return this.rows.flown(dataset.id)
  }

  private note(dataset: DatasetName, before: Held, { held, settled }: Moved): void {
    const { key } = before
    for (const { through, as } of settled) this.settled.push({ dataset, key, through, as })
    const was = placedValue(before)
    const is = placedValue(held)
    const turns = this.turns.get(dataset) ?? new Map<RecordKey, Turn>()
    this.turns.set(dataset, turns)
    const earlier = turns.get(key)
    if (earlier !== undefined || was !== is)
      turns.set(key, { before: earlier === undefined ? was : earlier.before, after: is })
  }
}
