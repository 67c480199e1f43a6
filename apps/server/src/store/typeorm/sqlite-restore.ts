import Database from 'better-sqlite3'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { StoreFigures } from '../../ops/metrics.js'
import { syncDirectory } from '../../runtime/sync-directory.js'
import { copyDatabase, verifyDatabase, type CopyProgress } from './copied-database.js'
import { takeDirectory } from './directory-lock.js'
import { openSqliteStores } from './open-sqlite-stores.js'

export type RestoreRequest = Readonly<{
  backup: string
  /** The database that it becomes. */
  file: string
  /** The present time, from which the new epoch takes its number. */
  at: number
  /** Sets a database that is there aside, instead of being refused for it. */
  replace: boolean
  progress?: CopyProgress
}>

export type Restored = Readonly<{
  /** Datasets in their new epoch, deleted ones included. */
  datasets: number
  figures: StoreFigures
  /** Where the database that was there is now; null where there was none. */
  setAside: string | null
}>

/**
 * Makes a backup the database of a directory. It gets that name last of all, with its tables up to date and a new epoch begun (X24): whatever
 * interrupts this, no server ever runs on a restored database whose devices would take it for the one they knew. Rejects with a sentence, and
 * leaves everything as it was, where the directory is in use, has a database that is not to be replaced, or the backup is damaged (X23).
 */
export async function restoreSqlite({
  backup,
  file,
  at,
  replace,
  progress = () => {},
}: RestoreRequest): Promise<Restored> {
  const directory = dirname(file)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const lock = takeDirectory(directory)
  const draft = join(directory, 'restoring')
  try {
    if (existsSync(file) && !replace) {
      throw new Error(`${directory} holds a database already; --replace sets it aside and keeps it`)
    }
    const expected = verifyDatabase(backup, null)
    rmSync(draft, { recursive: true, force: true }) // of a restore that was interrupted
    mkdirSync(draft, { mode: 0o700 })
    const copy = join(draft, basename(file))
    await copyDatabase(backup, copy, progress)
    verifyDatabase(copy, expected)
    const { datasets, figures } = await beginEpoch(copy, at)
    const setAside = setDatabaseAside(file, at)
    renameSync(copy, file)
    return { datasets, figures, setAside }
  } finally {
    rmSync(draft, { recursive: true, force: true })
    syncDirectory(directory)
    lock.close()
  }
}

async function beginEpoch(file: string, at: number): Promise<Readonly<{ datasets: number; figures: StoreFigures }>> {
  const stores = await openSqliteStores(file)
  try {
    return { datasets: await stores.datasets.beginEpoch(at), figures: await stores.figures() }
  } finally {
    await stores.close()
  }
}

/** Gives a database another name, with the log that may be beside it. */
function setDatabaseAside(file: string, at: number): string | null {
  const found = existsSync(file)
  if (found) foldLog(file)
  const aside = `${file}.replaced-${new Date(at).toISOString().replaceAll(':', '-')}`
  // The database comes last: its log must never be there without it, where the next database would be taken to be its own.
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${aside}${suffix}`)
  }
  return found ? aside : null
}

/** What is set aside is one file then; one that cannot be read keeps its log beside it. */
function foldLog(file: string): void {
  try {
    const old = new Database(file)
    try {
      old.pragma('wal_checkpoint(TRUNCATE)')
    } finally {
      old.close()
    }
  } catch {
    return
  }
}
