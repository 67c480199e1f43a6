import type { PostgresServer } from '../../../../../test/support/postgres/postgres-server.js'
import { SystemClock } from '../../runtime/clock.js'
import { SystemRandom } from '../../runtime/random.js'
import type { Release } from '../typeorm/release.js'
import { PostgresDatabase, type PostgresOptions } from '../typeorm/postgres/postgres-database.js'

/** Databases of tests, each like a template with all tables, which is made once per server. */
const templates = new WeakMap<PostgresServer, Map<number, Promise<string>>>()

const CONNECTIONS = 8

/** Opens a database as a server does. */
export const openDatabase = (url: string, over: Partial<PostgresOptions> = {}): Promise<PostgresDatabase> =>
  PostgresDatabase.open({
    url,
    connections: CONNECTIONS,
    partitions: null,
    clock: new SystemClock(),
    random: new SystemRandom(),
    ...over,
  })

/** The URL of a fresh database with all tables, whole or divided. */
export async function freshDatabase(server: PostgresServer, partitions = 0): Promise<string> {
  const ofServer = templates.get(server) ?? new Map<number, Promise<string>>()
  templates.set(server, ofServer)
  const template = ofServer.get(partitions) ?? makeTemplate(server, partitions)
  ofServer.set(partitions, template)
  return server.createDatabase(await template)
}

/**
 * The URL of a database with all tables, and nothing in them: the same one for each test of a suite, one after the other. Much quicker than
 * a fresh one. `release`: who makes the tables, where that is another version than this.
 */
export async function emptyDatabase(server: PostgresServer, partitions = 0, release?: Release): Promise<string> {
  const name = `empty_${partitions}${release === undefined ? '' : `_${release.version.replaceAll('.', '_')}`}`
  const [made] = await server.ask(`SELECT 1 FROM pg_database WHERE datname = '${name}'`)
  if (made === undefined) {
    await server.ask(`CREATE DATABASE ${name}`)
    await (await openDatabase(server.url(name), { partitions, ...(release && { release }) })).close()
  } else {
    await server.ask(EMPTY, name)
  }
  return server.url(name)
}

async function makeTemplate(server: PostgresServer, partitions: number): Promise<string> {
  const name = `satchel_${partitions}`
  await server.ask(`CREATE DATABASE ${name}`)
  await (await openDatabase(server.url(name), { partitions })).close()
  return name
}

const TABLES =
  'identity_pool identity login doomed_identity doomed_pool dataset record batch_marker pool_usage signing_key outbox outbox_unpublished ' +
  'outbox_linked stream_lease stream_park bulk_publish'

/** Few rows are deleted sooner than files are truncated. */
const EMPTY = [
  ...TABLES.split(' ').map((table) => `DELETE FROM ${table}`),
  'UPDATE history SET epoch_base = 0',
  `SELECT setval('outbox_seq', 1, false)`,
].join(';')
