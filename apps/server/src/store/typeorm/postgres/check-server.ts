import type { Connections } from './connections.js'
import { NODE_PREFIX } from './node-name.js'
import { prepared } from './prepared.js'

const VERSION_MIN = 130_000

type ServerFacts = Readonly<{
  version: number
  encoding: string
  durable: string
  flushed: string
  readOnly: string
  connectionsMax: number
  reserved: number
  roleMax: number
  databaseMax: number
  /** Connections that other programs have, and other servers of ours on this database. */
  foreign: number
  nodes: number
}>

/**
 * Throws a sentence where the server cannot keep what this one promises, or has too few connections for it. Answers sentences where it has too few
 * for all the servers of ours that it sees, or for one more, as there is while they are restarted one after the other (PL5, PL6).
 */
export async function checkServer(
  database: Pick<Connections, 'query'>,
  { connections, node }: Readonly<{ connections: number; node: string }>,
): Promise<readonly string[]> {
  const [facts] = await database.query<ServerFacts>(FACTS, [NODE_PREFIX, node])
  const { version, encoding, durable, flushed, readOnly, connectionsMax, reserved } = facts!
  const isNode = node.startsWith(NODE_PREFIX)
  if (version < VERSION_MIN)
    throw new Error(`it is PostgreSQL ${Math.floor(version / 10_000)}, and 13 is the oldest that will do`)
  if (encoding !== 'UTF8')
    throw new Error(`its encoding is ${encoding}, which cannot hold every text; it has to be UTF8`)
  if (durable === 'off')
    throw new Error('its synchronous_commit is off, so it would lose what was acknowledged; turn it on')
  if (flushed === 'off') throw new Error('its fsync is off, so it would lose what was acknowledged; turn it on')
  if (isNode && readOnly === 'on')
    throw new Error('it takes no writes, as it is a standby or its default_transaction_read_only is on')
  if (connections > connectionsMax - reserved) {
    throw new Error(
      `SATCHEL_DATABASE_POOL is ${connections}, and of its ${connectionsMax} connections (max_connections) ${reserved} are reserved; ` +
        'lower the one or raise the other',
    )
  }
  for (const [max, whose] of [
    [facts!.roleMax, 'this user (CONNECTION LIMIT of its role)'],
    [facts!.databaseMax, 'this database (CONNECTION LIMIT of the database)'],
  ] as const) {
    if (max < 0 || connections <= max) continue
    throw new Error(
      `SATCHEL_DATABASE_POOL is ${connections}, and it allows ${max} connections of ${whose}; lower the one or raise the other`,
    )
  }
  return isNode ? warningsOf(facts!, connections) : []
}

/** Of others the connections that they have now are counted, of servers of ours those that they may come to have. */
function warningsOf({ nodes: seen, foreign, ...facts }: ServerFacts, connections: number): readonly string[] {
  const limits = [facts.connectionsMax - facts.reserved, facts.roleMax, facts.databaseMax]
  const room = Math.min(...limits.filter((max) => max >= 0)) - foreign
  const nodes = seen + 1
  const all = `${nodes} servers with ${connections} connections each (SATCHEL_DATABASE_POOL)`
  const has = `the database has room for ${room} beside the ${foreign} of others`
  const cure = 'lower the one, or raise max_connections'
  if (nodes * connections > room) return [`${all} come to ${nodes * connections}, and ${has}: ${cure}.`]
  if ((nodes + 1) * connections <= room) return []
  return [
    `${all} fit, but not one more, as there is when a new server starts before an old one has ended: ${has}. For restarts of one after the other ${cure}.`,
  ]
}

// Of roles that this one may not look at there is no application_name, only that they are there. Superusers pass the limits of roles and databases.
const FACTS =
  prepared(`SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
  current_setting('synchronous_commit') AS durable, current_setting('fsync') AS flushed,
  current_setting('transaction_read_only') AS "readOnly",
  current_setting('max_connections')::int AS "connectionsMax",
  current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
  (SELECT CASE WHEN rolsuper THEN -1 ELSE rolconnlimit END FROM pg_roles WHERE rolname = current_user) AS "roleMax",
  (SELECT CASE WHEN rolsuper THEN -1 ELSE datconnlimit END FROM pg_database, pg_roles
    WHERE datname = current_database() AND rolname = current_user) AS "databaseMax",
  seen."foreign"::int AS "foreign", seen.nodes::int AS nodes
  FROM (
    SELECT count(*) FILTER (WHERE NOT ours) AS "foreign",
      count(DISTINCT application_name) FILTER (WHERE ours AND application_name <> $2) AS nodes
    FROM (
      SELECT application_name, coalesce(datname = current_database() AND starts_with(application_name, $1), false) AS ours
        FROM pg_stat_activity WHERE datid IS NOT NULL AND usesysid IS NOT NULL AND pid <> pg_backend_pid()
    ) AS client
  ) AS seen`)
