import type { SqlJsStatic } from 'sql.js'
import type { SqlReplica } from '../sql-replica.js'

/** Everything that a replica's snapshot holds, to be compared. */
export function dump(sql: SqlJsStatic, replica: SqlReplica): unknown {
  const database = new sql.Database(replica.snapshot())
  const rows = (query: string): unknown => database.exec(query)[0]?.values ?? []
  const all = {
    store: rows('SELECT place, device, next_number, greeting, adopted FROM store'),
    datasets: rows('SELECT name, epoch, since, existing, flight FROM dataset ORDER BY name'),
    held: rows(`SELECT name, key, shown, facts FROM held JOIN dataset ON dataset.id = held.dataset ORDER BY name, key`),
  }
  database.close()
  return all
}
