import { join } from 'node:path'
import type { Config } from '../config/config.js'
import { DATABASE_FILE } from '../store/database-file.js'
import { UsageFault } from './command.js'

/** The file of the embedded database; throws a {@link UsageFault} where the settings name a database of its own, which has tools of its own. */
export function embeddedDatabase({ databaseUrl, dataDir }: Config, command: string): string {
  if (databaseUrl === null) return join(dataDir, DATABASE_FILE)
  throw new UsageFault(
    `${command} is for the embedded database, and SATCHEL_DATABASE_URL names another; use PostgreSQL's own tools for that one`,
  )
}
