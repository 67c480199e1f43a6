import Database from 'better-sqlite3'
import { answerCalls } from '../process/answering.js'
import { batchRows, connectionPlan } from '../load/workload.js'

const ROWS_PER_COMMIT = 128

/**
 * The rows of a workload, upserted by a prepared statement in the order in which the load generator sends them, 128 to
 * a durable transaction: no HTTP, no signatures, no rules.
 */
const [, , file, tuning] = process.argv
const database = new Database(file)
database.pragma('journal_mode = WAL')
database.pragma('synchronous = FULL')
if (tuning === 'as-satchel') {
  database.pragma('cache_size = -65536')
  database.pragma('wal_autocheckpoint = 8192')
}
database.exec(`CREATE TABLE record (
  identity TEXT NOT NULL, dataset TEXT NOT NULL, "key" TEXT NOT NULL, sync_count INTEGER NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (identity, dataset, "key")) WITHOUT ROWID`)
const upsert = database.prepare(
  `INSERT INTO record (identity, dataset, "key", sync_count, value) VALUES (?, ?, ?, ?, ?)
   ON CONFLICT DO UPDATE SET sync_count = excluded.sync_count, value = excluded.value`,
)
const commit = database.transaction((rows) => {
  for (const { identity, dataset, key, count, value } of rows) upsert.run(identity, dataset, key, count, value)
})

answerCalls({
  /** Rows are made before the clock starts. */
  run({ workload, identities, round }) {
    const rows = connectionPlan(workload, identities, round).flatMap((step) => batchRows(workload, step))
    const groups = []
    for (let at = 0; at < rows.length; at += ROWS_PER_COMMIT) groups.push(rows.slice(at, at + ROWS_PER_COMMIT))
    const startedAt = performance.now()
    for (const group of groups) commit(group)
    return { rows: rows.length, seconds: (performance.now() - startedAt) / 1_000 }
  },
})
