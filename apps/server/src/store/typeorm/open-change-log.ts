import { existsSync } from 'node:fs'
import type { ChangeLog } from '../change-log.js'
import type { PoolStore } from '../pool-store.js'
import { migrations } from './migrations/migrations.js'
import { schemaOf } from './bring-up-to-date.js'
import { refuseOtherVersion } from './refuse-other-version.js'
import { SqliteChangeLog } from './sqlite-change-log.js'
import { releaseOf } from './release.js'
import { openReader } from './sqlite-database.js'
import { SqlitePoolReads } from './sqlite-pool-reads.js'

/** What somebody who checks the stream from outside reads. */
export type OpenedChangeLog = Readonly<{
  changeLog: ChangeLog
  pools: Pick<PoolStore, 'find' | 'list' | 'syncSettings' | 'streaming'>
  close: () => Promise<void>
}>

/**
 * Opens a database for reading alone, without taking its directory: a server may run on it and go on writing. Rejects with a sentence when there is
 * none, or when another version has written it.
 */
export async function openChangeLog(file: string): Promise<OpenedChangeLog> {
  if (!existsSync(file)) throw new Error(`there is no database ${file}`)
  const source = await openReader(file)
  try {
    const reads = source.createQueryRunner()
    refuseOtherVersion(file, await schemaOf(source), releaseOf(migrations))
    return {
      changeLog: new SqliteChangeLog(reads),
      pools: new SqlitePoolReads(reads),
      close: () => source.destroy(),
    }
  } catch (cause) {
    await source.destroy()
    throw cause
  }
}
