import type { OpenedChangeLog } from '../open-change-log.js'
import { connectToThisVersion } from './connect-to-this-version.js'
import { PostgresChangeLog } from './postgres-change-log.js'
import type { PostgresOptions } from './postgres-database.js'
import { PostgresPoolReads } from './postgres-pool-reads.js'

/** As `openChangeLog`, for a PostgreSQL database; nothing of it is altered, and servers may go on writing to it. */
export async function openPostgresChangeLog(
  options: Pick<PostgresOptions, 'url' | 'clock' | 'random'>,
): Promise<OpenedChangeLog> {
  const database = await connectToThisVersion(options)
  return {
    changeLog: new PostgresChangeLog(database),
    pools: new PostgresPoolReads(database),
    close: () => database.close(),
  }
}
