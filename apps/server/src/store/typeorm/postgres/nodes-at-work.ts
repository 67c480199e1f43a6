import type { Statements } from './postgres-database.js'
import { NODE_PREFIX } from './node-name.js'
import { prepared } from './prepared.js'

/**
 * The servers of ours that have connections to the database, by host, process and version, other than the one named `own`. Of roles that this one
 * may not look at PostgreSQL tells no names, so theirs are not among them.
 */
export async function nodesAtWork(database: Pick<Statements, 'query'>, own: string): Promise<readonly string[]> {
  const found = await database.query<{ name: string }>(NODES, [NODE_PREFIX, own])
  return found.map(({ name }) => name.slice(NODE_PREFIX.length))
}

const NODES = prepared(`SELECT DISTINCT application_name AS name FROM pg_stat_activity
  WHERE datname = current_database() AND starts_with(application_name, $1) AND application_name <> $2 ORDER BY 1`)
