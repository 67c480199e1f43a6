import { refuseOtherVersion } from '../refuse-other-version.js'
import { releaseOf } from '../release.js'
import { readSchema } from '../schema-standing.js'
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
    const tables = (await database.query<{ name: string }>(TABLES)).map(({ name }) => name)
    const found = await readSchema((sql) => database.query(prepared(sql)), new Set(tables))
    refuseOtherVersion(addressOf(url), found, releaseOf(postgresMigrations(0)))
    return database
  } catch (cause) {
    await database.close()
    throw cause
  }
}

const TABLES = prepared(`SELECT name FROM unnest(ARRAY['migration', 'schema_standing']) AS name
  WHERE to_regclass(name) IS NOT NULL`)
