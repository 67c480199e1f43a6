import type { Entry, Group } from '../../journal/entry.js'
import { SqlReplica } from '../sql-replica.js'
import { device, PREFS } from './entries.js'
import { sql } from './sql.js'

/** A replica of a new store that has applied these groups, each of one entry. */
export function replicaOf(...entries: Entry[]): SqlReplica {
  const replica = SqlReplica.empty(sql)
  for (const entry of [device(), ...entries]) replica.apply(replica.place + 1, [entry])
  return replica
}

/** Applies a group at the next place. */
export const next = (replica: SqlReplica, ...group: Group) => replica.apply(replica.place + 1, group)

/** What the dataset "prefs" shows, value by key. */
export const shown = (replica: SqlReplica) => Object.fromEntries(replica.reader(PREFS).entries())

export const sendableKeys = (replica: SqlReplica) => replica.sendable(PREFS).map(({ key }) => key)
