import { refuseOtherVersion } from '../refuse-other-version.js'
import { addressOf } from './address-of.js'
import { postgresMigrations } from './migrations/migrations.js'
import { CONNECTIONS_MIN, PostgresDatabase, type PostgresOptions } from './postgres-database.js'
import { prepared } from './prepared.js'

/** Connects a command to a database beside its servers, with few connections; rejects with a sentence for one that another version has written. */
export async function connectToThisVersion({
  url,
  clock,
  random,
}: Pick<PostgresOptions, 'url' | 'clock' | 'random'>): Promise<PostgresDatabase> {
  const options = { url, clock, random, connections: CONNECTIONS_MIN, partitions: null }
  const database = await PostgresDatabase.connect(options)
  try {
    const [{ there }] = (await database.query<{ there: boolean }>(HAS_MIGRATIONS)) as [{ there: boolean }]
    const ran = there ? await database.query<{ name: string }>(RAN) : []
    refuseOtherVersion(addressOf(url), { ran, migrations: postgresMigrations(0) })
    return database
  } catch (cause) {
    await database.close()
    throw cause
  }
}

const HAS_MIGRATIONS = prepared("SELECT to_regclass('migration') IS NOT NULL AS there")
const RAN = prepared('SELECT name FROM migration ORDER BY id')
