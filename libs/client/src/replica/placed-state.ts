import type { DatasetName } from '@satchel/protocol'
import type { Database, SqlJsStatic, Statement } from 'sql.js'
import type { Group } from '../journal/entry.js'
import { applyEntry } from './apply-entry.js'
import { HeldRows } from './held-rows.js'
import { emptyDatabase, restoredDatabase } from './schema.js'
import { Step } from './step.js'
import { INITIAL_STATE, readStates, writeStates, type DatasetState, type StoreState } from './store-state.js'

/** All that follows from the groups of a journal through a place: the keys in a database, the small states beside it. */
export class PlacedState {
  /** Before the first group; or, where earlier groups are lost, before the one that follows `place`. */
  static empty(sql: SqlJsStatic, place = 0): PlacedState {
    return new PlacedState(emptyDatabase(sql), { ...INITIAL_STATE, place }, [])
  }

  static restored(sql: SqlJsStatic, bytes: Uint8Array): PlacedState {
    const database = restoredDatabase(sql, bytes)
    const { store, datasets } = readStates(database)
    return new PlacedState(database, store, datasets)
  }

  readonly rows: HeldRows
  private readonly begin: Statement
  private readonly commit: Statement
  private byName: ReadonlyMap<DatasetName, DatasetState>

  private constructor(
    readonly database: Database,
    private present: StoreState,
    datasets: readonly DatasetState[],
  ) {
    this.byName = new Map(datasets.map((dataset) => [dataset.name, dataset]))
    this.rows = new HeldRows(database)
    this.begin = database.prepare('BEGIN')
    this.commit = database.prepare('COMMIT')
  }

  get store(): StoreState {
    return this.present
  }

  get datasets(): ReadonlyMap<DatasetName, DatasetState> {
    return this.byName
  }

  /** Applies the group that follows, whole or not at all; throws on any other place. */
  apply(place: number, group: Group): Step {
    if (place !== this.present.place + 1) {
      throw new Error(`a group of place ${place} cannot follow place ${this.present.place}`)
    }
    const step = new Step(this.rows, place, { ...this.present, place }, this.byName)
    this.begin.run()
    try {
      for (const entry of group) applyEntry(step, entry)
      this.commit.run()
    } catch (fault) {
      this.database.exec('ROLLBACK')
      throw fault
    }
    this.present = step.store
    this.byName = step.datasets
    return step
  }

  snapshot(): Uint8Array {
    writeStates(this.database, this.present, this.byName.values())
    return this.database.export()
  }

  /** Reads of a dataset by its id; `otherwise` where nothing of it is placed. */
  of<T>(dataset: DatasetName, otherwise: T, read: (id: number, rows: HeldRows) => T): T {
    const id = this.byName.get(dataset)?.id
    return id === undefined ? otherwise : read(id, this.rows)
  }
}
