import { byCodePoint } from '@satchel/protocol'
import { BY_KEY } from './by-key.js'
import { pageOf, removeOf, writeOf, type CopiedTable } from './copied-table.js'
import type { CopySource } from './copy-source.js'
import type { PostgresDatabase } from './postgres-database.js'
import { prepared } from './prepared.js'
import { areAlike, RowSum } from './row-sum.js'

/** What a table of the source adds up to, and how many rows of the target had to be changed for it. */
export type Brought = Readonly<{ sum: RowSum; written: number; removed: number }>

type Row = readonly unknown[]

/** A batch is stored once it has so many rows, or values of so many characters. */
const ROWS_MAX = 1_000
const CHARACTERS_MAX = 4_000_000

/**
 * Makes a table of PostgreSQL hold what the source has: reads both in the order of their keys, writes what is missing or differs, removes what the source does
 * not have, and leaves everything else alone. In bounded transactions, and killed between two of them the next call goes on with what is left. `told` is
 * called with rows of the source that are there.
 */
export async function bringTable(
  source: CopySource,
  table: CopiedTable,
  { target, told }: Readonly<{ target: PostgresDatabase; told: (rows: number) => void }>,
): Promise<Brought> {
  const sum = new RowSum()
  const changes = new Changes(table, target)
  const rowsThere = rowsInOrder(target, table)
  const next = async () => (await rowsThere.next()).value ?? null
  let there = await next()
  let untold = 0
  for (const row of source.rowsOf(table)) {
    sum.add(row)
    while (there !== null && compareKeys(table, there, row) < 0) {
      await changes.remove(there)
      there = await next()
    }
    if (there === null || compareKeys(table, there, row) > 0) await changes.write(row)
    else {
      if (!areAlike(there, row)) await changes.write(row)
      there = await next()
    }
    if (++untold < ROWS_MAX) continue
    told(untold)
    untold = 0
  }
  for (; there !== null; there = await next()) await changes.remove(there)
  await changes.store()
  told(untold)
  return { sum, written: changes.written, removed: changes.removed }
}

/** Rows to be written and keys to be removed, stored a batch at a time. */
class Changes {
  written = 0
  removed = 0
  private rows: Row[] = []
  private gone: Row[] = []
  private characters = 0

  constructor(
    private readonly table: CopiedTable,
    private readonly target: PostgresDatabase,
  ) {}

  async write(row: Row): Promise<void> {
    this.rows.push(row)
    for (const value of row) if (typeof value === 'string') this.characters += value.length
    if (this.rows.length >= ROWS_MAX || this.characters > CHARACTERS_MAX) await this.store()
  }

  async remove(row: Row): Promise<void> {
    this.gone.push(row.slice(0, this.table.key.length))
    if (this.gone.length >= ROWS_MAX) await this.store()
  }

  async store(): Promise<void> {
    const { table, rows, gone } = this
    if (rows.length + gone.length === 0) return
    await this.target.transaction(async (transaction) => {
      if (gone.length > 0) await transaction.query(BY_KEY)
      if (gone.length > 0) await transaction.run(prepared(removeOf(table)), listsOf(table.key, gone))
      if (rows.length > 0) await transaction.run(prepared(writeOf(table)), listsOf(table.columns, rows))
    })
    this.written += rows.length
    this.removed += gone.length
    this.rows = []
    this.gone = []
    this.characters = 0
  }
}

/** A list per column; SQLite has numbers for booleans. */
const listsOf = (columns: CopiedTable['columns'], rows: readonly Row[]): unknown[][] =>
  columns.map(({ type }, column) => rows.map((row) => (type === 'boolean' ? Boolean(row[column]) : row[column])))

/** By pages, so that no transaction stays open while others write. */
async function* rowsInOrder(target: PostgresDatabase, table: CopiedTable): AsyncGenerator<Row, undefined> {
  let after: Row | null = null
  for (;;) {
    const page: readonly Record<string, unknown>[] = await target.query(
      prepared(pageOf(table, after === null ? 'first' : 'after')),
      after ?? [],
    )
    const rows = page.map((row) => table.columns.map(({ name }) => row[name]))
    yield* rows
    if (rows.length < table.rowsRead) return
    after = rows.at(-1)!.slice(0, table.key.length)
  }
}

/** Both databases compare texts by code point. */
function compareKeys({ key }: CopiedTable, one: Row, other: Row): number {
  for (const place of key.keys()) {
    const [a, b] = [one[place], other[place]]
    const order = typeof a === 'string' ? byCodePoint(a, b as string) : (a as number) - (b as number)
    if (order !== 0) return order
  }
  return 0
}
