import { byCodePoint, type DatasetName, type RecordKey } from '@satchel/protocol'
import type { Statement } from 'sql.js'
import { placedValue } from '../merge/held.js'
import type { Foreseen } from './foreseen.js'
import type { PlacedState } from './placed-state.js'
import type { DatasetReader } from './replica.js'
import type { Unplaced } from './unplaced.js'

/** What a reader asks of the replica that it belongs to. */
export type ReadSource = Readonly<{
  unplaced: Unplaced
  foreseen: Foreseen
  /** Another one after the replica took over a later state. */
  placed(): PlacedState
  sizeOf(dataset: DatasetName): number
}>

/**
 * Reads one dataset: what is on its way into the journal, the app's edits first; below it what came from the journal since rows were
 * last written; and else the rows.
 */
export class SqlReader implements DatasetReader {
  #statement: Statement | null = null
  #ahead: ReadonlySet<string> = new Set()
  #read: PlacedState | null = null
  readonly #params: [string] = ['']

  constructor(
    private readonly dataset: DatasetName,
    private readonly source: ReadSource,
  ) {}

  get(key: string): string | undefined {
    const { dataset, source } = this
    const above = source.unplaced.top(dataset, key as RecordKey)
    if (above !== undefined) return above.value ?? undefined
    const foreseen = source.foreseen.get(dataset, key as RecordKey)
    if (foreseen !== undefined) return foreseen.value ?? undefined
    const placed = source.placed()
    if (this.#read !== placed) this.#prepare(placed)
    if (this.#ahead.has(key)) return placedValue(placed.keysOf(dataset).get(key as RecordKey)) ?? undefined
    if (this.#statement === null) return undefined
    this.#params[0] = key
    return (this.#statement.get(this.#params)[0] ?? undefined) as string | undefined
  }

  entries(): [key: string, value: string][] {
    const placed = this.source.placed().entries(this.dataset)
    const above = this.#valuesAbove()
    if (above.size === 0) return placed
    const shown = placed.filter(([key]) => !above.has(key))
    for (const [key, value] of above) if (value !== null) shown.push([key, value])
    return shown.sort(([a], [b]) => byCodePoint(a, b))
  }

  get size(): number {
    return this.source.sizeOf(this.dataset)
  }

  #valuesAbove(): ReadonlyMap<string, string | null> {
    const { dataset, source } = this
    const values = new Map<string, string | null>()
    for (const [key, { value }] of source.foreseen.of(dataset) ?? []) values.set(key, value)
    for (const [key, edits] of source.unplaced.of(dataset) ?? []) values.set(key, edits.at(-1)!.edit.value)
    return values
  }

  /** A statement of its own for one dataset binds one parameter instead of two. */
  #prepare(placed: PlacedState): void {
    this.#statement = placed.reading(this.dataset)
    this.#ahead = placed.keysOf(this.dataset).ahead
    // Of a dataset that is not there yet there may be rows later.
    this.#read = this.#statement === null ? null : placed
  }
}
