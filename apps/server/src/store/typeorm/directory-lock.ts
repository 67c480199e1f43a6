import { join } from 'node:path'
import Database from 'better-sqlite3'

/**
 * Holds an exclusive lock on a file beside the database for as long as the process lives; the operating system
 * takes it back even after SIGKILL. Closing what is answered lets it go; throws a sentence when another process has it.
 */
export function takeDirectory(directory: string): Database.Database {
  const lock = takeUnlessTaken(directory)
  if (lock !== null) return lock
  throw new Error(`the data directory ${directory} is in use by another Satchel process`)
}

/** As {@link takeDirectory}, but answers null when another process has it. */
export function takeUnlessTaken(directory: string): Database.Database | null {
  const lock = new Database(join(directory, 'satchel.lock'), { timeout: 0 })
  try {
    lock.pragma('journal_mode = MEMORY')
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    if (String((cause as { code?: unknown }).code).startsWith('SQLITE_BUSY')) return null
    throw cause
  }
}
