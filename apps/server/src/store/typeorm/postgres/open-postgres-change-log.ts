import type { OpenedChangeLog } from '../open-change-log.js'
import { refuseOtherVersion } from '../refuse-other-version.js'
import { releaseOf } from '../release.js'
import { readSchema } from '../schema-standing.js'
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
    const tables = (await database.query<{ name: string }>(TABLES)).map(({ name }) => name)
    const found = await readSchema((sql) => database.query(prepared(sql)), new Set(tables))
    refuseOtherVersion(addressOf(url), found, releaseOf(postgresMigrations(0)))
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

const TABLES = prepared(`SELECT name FROM unnest(ARRAY['migration', 'schema_standing']) AS name
  WHERE to_regclass(name) IS NOT NULL`)
