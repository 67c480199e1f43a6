import { byCodePoint, type DatasetName, type RecordKey } from '@satchel/protocol'
import type { Statement } from 'sql.js'
import type { PlacedState } from './placed-state.js'
import type { DatasetReader } from './replica.js'
import type { Unplaced } from './unplaced.js'

/** What a reader asks of the replica that it belongs to. */
export type ReadSource = Readonly<{
  unplaced: Unplaced
  /** Another one after the replica took over a later state. */
  placed(): PlacedState
  sizeOf(dataset: DatasetName): number
}>

/** Reads one dataset: what is placed, and above it what is on its way into the journal. */
export class SqlReader implements DatasetReader {
  private statement: Statement | null = null
  private read: PlacedState | null = null
  private readonly params: [string] = ['']

  constructor(
    private readonly dataset: DatasetName,
    private readonly source: ReadSource,
  ) {}

  get(key: string): string | undefined {
    const above = this.source.unplaced.top(this.dataset, key as RecordKey)
    if (above !== undefined) return above.value ?? undefined
    const statement = this.read === this.source.placed() ? this.statement : this.prepared()
    if (statement === null) return undefined
    this.params[0] = key
    return (statement.get(this.params)[0] ?? undefined) as string | undefined
  }

  entries(): [key: string, value: string][] {
    const placed = this.source.placed().of(this.dataset, [], (id, rows) => rows.entries(id))
    const above = this.source.unplaced.of(this.dataset)
    if (above === undefined) return placed
    const shown = placed.filter(([key]) => !above.has(key as RecordKey))
    for (const [key, edits] of above) {
      const { value } = edits.at(-1)!
      if (value !== null) shown.push([key, value])
    }
    return shown.sort(([a], [b]) => byCodePoint(a, b))
  }

  get size(): number {
    return this.source.sizeOf(this.dataset)
  }

  /** A statement of its own for one dataset binds one parameter instead of two. */
  private prepared(): Statement | null {
    const placed = this.source.placed()
    this.statement = placed.of<Statement | null>(this.dataset, null, (id, rows) => rows.reading(id))
    this.read = this.statement === null ? null : placed
    return this.statement
  }
}
