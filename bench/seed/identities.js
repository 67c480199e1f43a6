import { randomUUID } from 'node:crypto'
import Database from 'better-sqlite3'
import { batchRows } from '../load/workload.js'

const ROWS_PER_COMMIT = 50_000

/**
 * Stores guests straight into the tables of a server that is not running, as they would be after one update of each of
 * the keys of `workload`'s dataset. Making a million over HTTP would take hours and leave the same rows. Answers
 * their ids in an order that has nothing to do with where they are stored.
 */
export function seedIdentities(file, { pool, count, workload = null }) {
  const database = new Database(file)
  try {
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = OFF') // a crash here only ends the bench
    database.pragma('cache_size = -262144')
    const identities = Array.from({ length: count }, () => `us-east-1:${randomUUID()}`)
    const insert = inserter(database, { pool, workload })
    // In the order of the tables, which is what makes a million quick.
    const sorted = [...identities].sort()
    for (let at = 0; at < count; at += ROWS_PER_COMMIT) insert(sorted.slice(at, at + ROWS_PER_COMMIT))
    if (workload !== null) addUsage(database, { pool, count, workload })
    database.pragma('wal_checkpoint(TRUNCATE)')
    return identities
  } finally {
    database.close()
  }
}

function inserter(database, { pool, workload }) {
  const identityRow = database.prepare(
    'INSERT INTO identity (identity_id, pool_id, created_at, modified_at) VALUES (?, ?, ?, ?)',
  )
  const datasetRow = database.prepare(
    `INSERT INTO dataset (identity_id, name, "exists", sync_count, deleted_at_count, collected_through, epoch, record_count,
       bytes, created_at, modified_at, modified_by) VALUES (?, ?, 1, ?, 0, 0, 1, ?, ?, ?, ?, ?)`,
  )
  const recordRow = database.prepare(
    `INSERT INTO record (identity_id, dataset, "key", sync_count, modified_at, modified_by, device_modified_at, value)
     VALUES (?, ?, ?, ?, ?, ?, NULL, ?)`,
  )
  const now = Date.now()
  return database.transaction((identities) => {
    for (const identity of identities) {
      identityRow.run(identity, pool, now, now)
      if (workload === null) continue
      const rows = seededRows(workload, identity)
      const bytes = rows.reduce((sum, { key, value }) => sum + key.length + value.length, 0)
      datasetRow.run(identity, workload.dataset, rows.length, rows.length, bytes, now, now, identity)
      for (const { key, count, value } of rows) {
        recordRow.run(identity, workload.dataset, key, count, now, identity, value)
      }
    }
  })
}

/** One update for each key: the state in which a workload with `updatesBefore: keysPerDataset` begins. */
const seededRows = (workload, identity) =>
  Array.from({ length: workload.keysPerDataset }, (_, slot) =>
    batchRows({ ...workload, patches: 1 }, { identity, slot, base: 0, count: slot + 1 }),
  ).flat()

function addUsage(database, { pool, count, workload }) {
  const records = count * workload.keysPerDataset
  const bytes = seededRows(workload, 'x'.repeat(46)).reduce((sum, { key, value }) => sum + key.length + value.length, 0)
  database
    .prepare(
      `INSERT INTO pool_usage (pool_id, lane, datasets, records, bytes, sync_sessions, modified_at)
       VALUES (?, 'sqlite', ?, ?, ?, 0, ?)`,
    )
    .run(pool, count, records, count * bytes, Date.now())
}
