import type { Database, SqlJsStatic } from 'sql.js'
import { JournalFault } from '../journal/journal.js'

/** Version of the tables, and of what a snapshot holds. A later one must be able to read this one. */
export const FORMAT = 1

/** Marks a database file as one of ours: "Stch". */
const APPLICATION_ID = 0x53746368

/**
 * One row of `held` is all that is held of a key. `shown` is what `get` answers; `facts` is the rest, see `held-facts.ts`. Every
 * column less is time saved for each key. Ordinary rowid tables, since WITHOUT ROWID pays a page for every long value.
 */
const TABLES = `
  CREATE TABLE dataset (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    since INTEGER NOT NULL,
    existing INTEGER NOT NULL,
    flight INTEGER
  );
  CREATE TABLE held (
    dataset INTEGER NOT NULL,
    key TEXT NOT NULL,
    shown TEXT,
    facts TEXT NOT NULL
  );
  CREATE UNIQUE INDEX held_by_key ON held (dataset, key);
  CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    place INTEGER NOT NULL,
    device TEXT,
    next_number INTEGER NOT NULL,
    greeting TEXT NOT NULL,
    adopted TEXT NOT NULL
  );
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT};
`

export function emptyDatabase(sql: SqlJsStatic): Database {
  const database = new sql.Database()
  tune(database)
  database.run(TABLES)
  return database
}

/**
 * Opens a snapshot. Throws a `JournalFault` of kind `newer-format` for one that later code wrote, and an error that says
 * so for bytes that are no whole snapshot.
 */
export function restoredDatabase(sql: SqlJsStatic, bytes: Uint8Array): Database {
  const database = new sql.Database(bytes)
  try {
    const format = checkedFormat(database)
    if (format > FORMAT) {
      throw new JournalFault(
        'newer-format',
        `the snapshot has format ${format}, this code knows formats up to ${FORMAT}`,
      )
    }
    tune(database)
    return database
  } catch (fault) {
    database.close()
    if (fault instanceof JournalFault) throw fault
    throw new Error(`a snapshot of ${bytes.length} bytes cannot be read`, { cause: fault })
  }
}

function checkedFormat(database: Database): number {
  const pragma = (name: string): unknown => database.exec(`PRAGMA ${name}`)[0]?.values[0]?.[0]
  if (pragma('application_id') !== APPLICATION_ID) throw new Error('it is none of our databases')
  const format = Number(pragma('user_version'))
  // Tables of a newer format are not ours to judge.
  if (format <= FORMAT && pragma('quick_check') !== 'ok') throw new Error('its pages are damaged')
  return format
}

/** The file is memory: a journal of its own and locks would only cost time. */
function tune(database: Database): void {
  database.run(
    'PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY',
  )
}
