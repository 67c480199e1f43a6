import type { Statements } from './statements.js'

/** Rows per statement, most first. Few sizes mean few statements, so that each stays prepared. */
const CHUNKS = [64, 16, 4, 1]

export type Table = Readonly<{
  name: string
  columns: readonly string[]
  /** What follows the values, for example an upsert's ON CONFLICT clause. */
  suffix?: string
}>

/** Inserts any number of rows with as few statements as their number allows. */
export function insertRows(statements: Statements, table: Table, rows: readonly (readonly unknown[])[]): void {
  let at = 0
  for (const size of CHUNKS) {
    for (; rows.length - at >= size; at += size) {
      statements.run(statement(table, size), rows.slice(at, at + size).flat())
    }
  }
}

const texts = new Map<string, string>()

function statement(table: Table, rowCount: number): string {
  const key = `${table.name} ${rowCount}`
  const known = texts.get(key)
  if (known !== undefined) return known
  const row = `(${table.columns.map(() => '?').join(', ')})`
  const values = Array.from({ length: rowCount }, () => row).join(', ')
  const built = `INSERT INTO ${table.name} (${table.columns.join(', ')}) VALUES ${values} ${table.suffix ?? ''}`
  texts.set(key, built)
  return built
}
