import { existsSync, linkSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { syncDirectory } from '../../runtime/sync-directory.js'
import { inDraft } from './backup-drafts.js'
import { copyDatabase, verifyDatabase, type CopyProgress, type TableRows } from './copied-database.js'

export type BackedUp = Readonly<{ bytes: number; rows: TableRows }>

/**
 * Backs up an embedded database, beside a server that may go on writing to it, into one file that holds it as it was at one moment, at or after
 * the call (X20). The file appears whole, read again and compared, or not at all, and none that is there is overwritten (X21); rejects with a sentence.
 */
export async function backUpSqlite(file: string, target: string, progress: CopyProgress = () => {}): Promise<BackedUp> {
  if (!existsSync(file)) throw new Error(`there is no database ${file}`)
  if (existsSync(target)) throw new Error(`${target} is there already; a backup overwrites nothing`)
  if (!existsSync(dirname(target))) throw new Error(`there is no directory ${dirname(target)}`)
  return inDraft(target, async (draft) => {
    const rows = await copyDatabase(file, draft, progress)
    verifyDatabase(draft, rows)
    linkSync(draft, target) // unlike a rename, refuses a name that was taken meanwhile
    return { bytes: statSync(target).size, rows }
  }).finally(() => syncDirectory(dirname(target)))
}
