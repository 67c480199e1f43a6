import { existsSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'

/** How far a copy has come, in bytes of the database. */
export type CopyProgress = (at: Readonly<{ done: number; of: number }>) => void

/** Rows by table. */
export type TableRows = ReadonlyMap<string, number>

/** Between two steps others get a turn, and progress is told. */
const PAGES_A_STEP = 2_048

/**
 * Copies a SQLite database as it is at one moment, whoever writes to it meanwhile, into one self-contained file; answers the rows that it had at that
 * moment. The source stays as it is, and its log cannot be folded in until the copy is there.
 */
export async function copyDatabase(source: string, target: string, progress: CopyProgress): Promise<TableRows> {
  const reader = new Database(source, { readonly: true })
  try {
    // A transaction around it: without one, each write of others would make the copy begin anew.
    reader.exec('BEGIN')
    const rows = rowsByTable(reader)
    const pageBytes = reader.pragma('page_size', { simple: true }) as number
    const tell = ({ totalPages, remainingPages }: Database.BackupMetadata) =>
      progress({ done: (totalPages - remainingPages) * pageBytes, of: totalPages * pageBytes })
    const end = await reader.backup(target, {
      progress: (at) => {
        tell(at)
        return PAGES_A_STEP
      },
    })
    tell(end)
    makeSelfContained(target)
    return rows
  } finally {
    reader.close()
  }
}

/**
 * Reads all of a database and answers its rows; throws a sentence where it is damaged, no database of Satchel, or has other rows than `expected`.
 */
export function verifyDatabase(file: string, expected: TableRows | null): TableRows {
  const name = `the database ${file}`
  const reader = opened(file)
  try {
    const faults = attempt(name, () => reader.pragma('integrity_check(1)', { simple: true }) as string)
    if (faults !== 'ok') throw new Error(`${name} is damaged: ${faults}`)
    const rows = rowsByTable(reader)
    if (!rows.has('migration')) throw new Error(`${name} is not one of Satchel's: it has no table migration`)
    for (const [table, count] of expected ?? []) {
      if (rows.get(table) === count) continue
      throw new Error(`${name} has ${rows.get(table) ?? 'no'} rows in table ${table}, and ${count} were to be copied`)
    }
    return rows
  } finally {
    reader.close()
  }
}

/** Removes a copy that came to nothing. */
export function removeDatabase(file: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
}

function opened(file: string): Database.Database {
  if (!existsSync(file)) throw new Error(`there is no file ${file}`)
  return attempt(`the database ${file}`, () => {
    const reader = new Database(file, { readonly: true })
    reader.pragma('schema_version') // only now is anything read
    return reader
  })
}

function attempt<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new Error(`${name} cannot be read: ${cause instanceof Error ? cause.message : 'why is unknown'}`, { cause })
  }
}

/** A copy of a database with a log wants one, too; a file of its own, which may be moved and read anywhere, does not. */
function makeSelfContained(file: string): void {
  const copy = new Database(file)
  try {
    copy.pragma('synchronous = FULL')
    copy.pragma('journal_mode = DELETE')
  } finally {
    copy.close()
  }
}

function rowsByTable(reader: Database.Database): TableRows {
  const tables = reader.prepare(TABLES).pluck().all() as string[]
  const count = (table: string) => reader.prepare(`SELECT count(*) FROM "${table}"`).pluck().get() as number
  return new Map(tables.map((table) => [table, count(table)]))
}

const TABLES = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`
