import type { OpenedChangeLog } from '../open-change-log.js'
import { refuseOtherVersion } from '../refuse-other-version.js'
import { addressOf } from './address-of.js'
import { postgresMigrations } from './migrations/migrations.js'
import { PostgresChangeLog } from './postgres-change-log.js'
import { CONNECTIONS_MIN, PostgresDatabase, type PostgresOptions } from './postgres-database.js'
import { PostgresPoolReads } from './postgres-pool-reads.js'
import { prepared } from './prepared.js'

/** As `openChangeLog`, for a PostgreSQL database; nothing of it is altered, and servers may go on writing to it. */
export async function openPostgresChangeLog({
  url,
  clock,
  random,
}: Pick<PostgresOptions, 'url' | 'clock' | 'random'>): Promise<OpenedChangeLog> {
  const options = { url, clock, random, connections: CONNECTIONS_MIN, partitions: null }
  const database = await PostgresDatabase.connect(options)
  try {
    const [{ there }] = (await database.query<{ there: boolean }>(HAS_MIGRATIONS)) as [{ there: boolean }]
    const ran = there ? await database.query<{ name: string }>(RAN) : []
    refuseOtherVersion(addressOf(url), { ran, migrations: postgresMigrations(0) })
    return {
      changeLog: new PostgresChangeLog(database),
      pools: new PostgresPoolReads(database),
      close: () => database.close(),
    }
  } catch (cause) {
    await database.close()
    throw cause
  }
}

const HAS_MIGRATIONS = prepared("SELECT to_regclass('migration') IS NOT NULL AS there")
const RAN = prepared('SELECT name FROM migration ORDER BY id')
