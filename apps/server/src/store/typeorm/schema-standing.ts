import { compareVersions } from '../../version.js'
import { oldestServerOf, writtenAt, type Release } from './release.js'

/** What a database says of itself to servers of other versions. */
export type SchemaStanding = Readonly<{
  /** When the newest of the migrations was written that this speaks for. */
  newestMigration: number
  /** The version of the server that ran it. */
  writtenBy: string
  /** The oldest version that may use the database. */
  oldestServer: string
}>

/** Migrations as a database lists them, and what it says of them; null where no server that writes such a thing has been here. */
export type SchemaFound = Readonly<{
  ran: readonly Readonly<{ name: string; timestamp: number }>[]
  standing: SchemaStanding | null
}>

/** Runs a statement without parameters; the engines word those in two ways. */
export type Ask = (sql: string) => Promise<readonly object[]>

/** Reads without writing, from a database of any version or of none. `tables` are those that there are. */
export async function readSchema(ask: Ask, tables: ReadonlySet<string>): Promise<SchemaFound> {
  const ran = tables.has('migration') ? await ask('SELECT name, timestamp FROM migration ORDER BY id') : []
  const rows = tables.has('schema_standing') ? await ask(READ) : []
  const [standing] = rows as { newestMigration: unknown; writtenBy: string; oldestServer: string }[]
  return {
    ran: (ran as { name: string; timestamp: unknown }[]).map(({ name, timestamp }) => ({
      name,
      timestamp: Number(timestamp),
    })),
    standing: standing === undefined ? null : { ...standing, newestMigration: Number(standing.newestMigration) },
  }
}

/**
 * Notes what a release is about to make of the tables. Before its migrations rather than after them: interrupted in between, the database turns away servers
 * that might still use it, and never lets in one that must not. What the database demanded before it goes on demanding.
 */
export async function writeStanding(ask: Ask, release: Release, before: SchemaStanding | null): Promise<void> {
  const wanted = oldestServerOf(release)
  const isStricter = before !== null && compareVersions(before.oldestServer, wanted) > 0
  const oldest = isStricter ? before.oldestServer : wanted
  const newest = Math.max(0, ...release.migrations.map((Step) => writtenAt(new Step().name)))
  await ask(CREATE)
  await ask(`INSERT INTO schema_standing (one, newest_migration, written_by, oldest_server)
    VALUES (1, ${newest}, '${release.version}', '${oldest}')
    ON CONFLICT (one) DO UPDATE SET newest_migration = excluded.newest_migration, written_by = excluded.written_by,
      oldest_server = excluded.oldest_server`)
}

// Beside the migrations and none of them, as their own list is: a server from before it, which refuses migrations that it does not know, is not
// troubled by it.
const CREATE = `CREATE TABLE IF NOT EXISTS schema_standing (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  newest_migration BIGINT NOT NULL,
  written_by TEXT NOT NULL,
  oldest_server TEXT NOT NULL
)`

const READ = `SELECT newest_migration AS "newestMigration", written_by AS "writtenBy", oldest_server AS "oldestServer"
  FROM schema_standing`
