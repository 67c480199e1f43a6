import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { Database, SqlJsStatic, Statement } from 'sql.js'
import type { Entry, Group } from '../journal/entry.js'
import { placedValue, type Held } from '../merge/held.js'
import { applyEntry } from './apply-entry.js'
import type { AnswerEntry } from './foreseen.js'
import { HeldKeys } from './held-keys.js'
import { HeldRows } from './held-rows.js'
import type { Settled, Usage } from './replica.js'
import { emptyDatabase, restoredDatabase } from './schema.js'
import { Step } from './step.js'
import { INITIAL_STATE, readStates, writeStates, type DatasetState, type StoreState } from './store-state.js'

/** A key whose value, as the journal shows it, is another one now. */
export type Turned = Readonly<{ dataset: DatasetName; key: RecordKey; was: string | null; held: Held }>

/** What became of a group: edits that it settled, and what shows another value. */
export type Placed = Readonly<{ settled: readonly Settled[]; turned: readonly Turned[] }>

/**
 * All that follows from the groups of a journal through a place. Groups are applied to objects, without a word to the
 * database; what they changed is written to it, many keys together, when all of a dataset is read and before a snapshot. Before the
 * first snapshot there is no database: the first words to one cost a browser, which compiles SQLite as it is called, some 40 ms.
 */
export class PlacedState {
  /** Before the first group; or, where earlier groups are lost, before the one that follows `place`. */
  static empty(sql: SqlJsStatic, place = 0): PlacedState {
    return new PlacedState(() => emptyDatabase(sql), null, { ...INITIAL_STATE, place }, [])
  }

  static restored(sql: SqlJsStatic, bytes: Uint8Array): PlacedState {
    const database = restoredDatabase(sql, bytes)
    const { store, datasets } = readStates(database)
    return new PlacedState(() => database, new HeldRows(database), store, datasets)
  }

  readonly #held = new Map<DatasetName, HeldKeys>()
  #byName: ReadonlyMap<DatasetName, DatasetState>
  /** What was foreseen last, and the state that it begins from: mostly it is what is applied next. */
  #foreseen: Readonly<{ entry: Entry; from: StoreState; step: Step; turned: readonly Turned[] }> | null = null

  private constructor(
    private readonly makeDatabase: () => Database,
    /** null before there is a database. */
    private rows: HeldRows | null,
    private present: StoreState,
    datasets: readonly DatasetState[],
  ) {
    this.#byName = new Map(datasets.map((dataset) => [dataset.name, dataset]))
  }

  get store(): StoreState {
    return this.present
  }

  get datasets(): ReadonlyMap<DatasetName, DatasetState> {
    return this.#byName
  }

  /** What is held of a dataset's keys; nothing of one that is not there. */
  keysOf(name: DatasetName): HeldKeys {
    let keys = this.#held.get(name)
    if (keys === undefined) {
      keys = new HeldKeys(() => this.#stored(name, [], (rows, id) => rows.all(id)))
      this.#held.set(name, keys)
    }
    return keys
  }

  /** What shows of a dataset as far as the journal goes, by code point of the key. */
  entries(name: DatasetName): [key: string, value: string][] {
    const keys = this.keysOf(name)
    if (this.rows === null) return keys.entries()
    if (keys.ahead.size > 0) this.#writeRows()
    return this.#stored(name, [], (rows, id) => rows.entries(id))
  }

  /** A statement that reads a value from its row, which tells the truth of keys that are not ahead; null while there are no rows. */
  reading(name: DatasetName): Statement | null {
    return this.#stored<Statement | null>(name, null, (rows, id) => rows.reading(id))
  }

  /** Applies the group that follows, whole or not at all; throws on any other place. */
  apply(place: number, group: Group): Placed {
    if (place !== this.present.place + 1) {
      throw new Error(`a group of place ${place} cannot follow place ${this.present.place}`)
    }
    const { step, turned } = this.#foresaw(group) ?? this.#next(group)
    for (const [dataset, changed] of step.changed) {
      const keys = this.keysOf(dataset)
      for (const held of changed.values()) keys.put(held)
    }
    this.present = step.store
    this.#byName = step.datasets
    this.#foreseen = null
    return { settled: step.settled.filter((one) => !this.#goesOn(one)), turned }
  }

  /** What would show another value if the answer came next, alone; nothing where it cannot be applied. */
  foresee(entry: AnswerEntry): readonly Turned[] {
    try {
      if (!bringsRecords(entry)) return []
      this.#foreseen = { entry, from: this.present, ...this.#next([entry]) }
      return this.#foreseen.turned
    } catch {
      // Told of once it is in the journal, in whose stead something has to be applied.
      return []
    }
  }

  /** The step of a group that was foreseen, if nothing came in between. */
  #foresaw([entry, ...more]: Group): Readonly<{ step: Step; turned: readonly Turned[] }> | null {
    const foreseen = this.#foreseen
    if (foreseen === null || foreseen.entry !== entry || foreseen.from !== this.present) return null
    return more.length === 0 ? foreseen : null
  }

  #next(group: Group): Readonly<{ step: Step; turned: readonly Turned[] }> {
    const place = this.present.place + 1
    const step = new Step((name) => this.keysOf(name), place, { ...this.present, place }, this.#byName)
    for (const entry of group) applyEntry(step, entry)
    const turned: Turned[] = []
    for (const [dataset, changed] of step.changed) {
      const keys = this.keysOf(dataset)
      for (const [key, held] of changed) {
        const was = placedValue(keys.get(key))
        if (was !== placedValue(held)) turned.push({ dataset, key, was, held })
      }
    }
    return { step, turned }
  }

  /** A later entry of the same group has edited the key again, so whoever waits for it waits on. */
  #goesOn({ dataset, key, through, as }: Settled): boolean {
    const { pending, flown } = this.keysOf(dataset).get(key)
    const newest = Math.max(pending?.place ?? 0, flown?.place ?? 0)
    return typeof as === 'string' && newest === this.present.place && through >= newest
  }

  /** What the rows hold, as it was when the state was restored; nothing for one that began empty. */
  usages(): ReadonlyMap<DatasetName, Usage> {
    const names = new Map(Array.from(this.#byName.values(), ({ id, name }) => [id, name]))
    return new Map((this.rows?.usages() ?? []).map(([id, usage]) => [names.get(id)!, usage]))
  }

  snapshot(): Uint8Array {
    const { database } = this.#writeRows()
    writeStates(database, this.present, this.#byName.values())
    return database.export()
  }

  close(): void {
    this.rows?.database.close()
  }

  #writeRows(): HeldRows {
    const rows = (this.rows ??= new HeldRows(this.makeDatabase()))
    const behind: [id: number, held: Held][] = []
    for (const [name, keys] of this.#held) {
      for (const key of keys.ahead) behind.push([this.#byName.get(name)!.id, keys.get(key)])
    }
    rows.write(behind)
    for (const { ahead } of this.#held.values()) ahead.clear()
    return rows
  }

  #stored<T>(name: DatasetName, otherwise: T, read: (rows: HeldRows, id: number) => T): T {
    const state = this.#byName.get(name)
    return state === undefined || this.rows === null ? otherwise : read(this.rows, state.id)
  }
}

/** Whether an answer may show anything but what this device sent. */
const bringsRecords = ({ changes }: AnswerEntry): boolean =>
  changes !== null && (changes.records.length > 0 || changes.snapshot || !changes.exists)
