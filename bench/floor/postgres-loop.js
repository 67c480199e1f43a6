import pg from 'pg'
import { answerCalls } from '../process/answering.js'
import { batchRows, connectionPlan } from '../load/workload.js'

/**
 * The rows of a workload, written to PostgreSQL by `pg` with prepared statements and nothing else: no HTTP, no signatures, no rules, no look before
 * the write. Its tables have the keys and columns of Satchel's, without any other index.
 */
const [, , url] = process.argv
const TEXT = 'TEXT COLLATE "C" NOT NULL'
const TABLES = `
  CREATE TABLE dataset (identity_id ${TEXT}, name ${TEXT}, sync_count BIGINT NOT NULL, modified_at BIGINT NOT NULL,
    PRIMARY KEY (identity_id, name)) WITH (fillfactor = 70);
  CREATE TABLE record (identity_id ${TEXT}, dataset ${TEXT}, "key" ${TEXT}, sync_count BIGINT NOT NULL, modified_at BIGINT NOT NULL,
    modified_by ${TEXT}, device_modified_at DOUBLE PRECISION, value TEXT COLLATE "C", PRIMARY KEY (identity_id, dataset, "key")) WITH (fillfactor = 80)`

const BULK = {
  name: 'bulk',
  text: `INSERT INTO record (identity_id, dataset, "key", sync_count, modified_at, modified_by, device_modified_at, value)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::double precision[], $8::text[])
    ON CONFLICT (identity_id, dataset, "key") DO UPDATE SET sync_count = excluded.sync_count, modified_at = excluded.modified_at,
      modified_by = excluded.modified_by, device_modified_at = excluded.device_modified_at, value = excluded.value`,
}

/** The dataset's count and the record, in one statement and one transaction. */
const SINGLE = {
  name: 'single',
  text: `WITH counted AS (
      INSERT INTO dataset AS held (identity_id, name, sync_count, modified_at) VALUES ($1, $2, 1, $5)
        ON CONFLICT (identity_id, name) DO UPDATE SET sync_count = held.sync_count + 1, modified_at = excluded.modified_at
        RETURNING sync_count
    )
    INSERT INTO record (identity_id, dataset, "key", sync_count, modified_at, modified_by, device_modified_at, value)
      SELECT $1, $2, $3, sync_count, $5, $1, $6, $4 FROM counted
      ON CONFLICT (identity_id, dataset, "key") DO UPDATE SET sync_count = excluded.sync_count, modified_at = excluded.modified_at,
        modified_by = excluded.modified_by, device_modified_at = excluded.device_modified_at, value = excluded.value
      RETURNING sync_count`,
}

const NOW = Date.now()
const clients = []

async function connected(count) {
  while (clients.length < count) {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    if (clients.length === 0) await client.query(TABLES)
    clients.push(client)
  }
  return clients.slice(0, count)
}

/** Steps by connection; those of one identity are always the same connection's. */
function dealt(steps, connections) {
  const lists = Array.from({ length: connections }, () => [])
  for (const step of steps) lists[step.connection % connections].push(step)
  return lists
}

answerCalls({
  /** Rows by `unnest`, about `rowsPerTransaction` to a transaction. */
  async bulk({ workload, identities, round, connections, rowsPerTransaction }) {
    const ready = await connected(connections)
    const groups = dealt(connectionPlan(workload, identities, round), connections).map((steps) => {
      const rows = steps.flatMap((step) => batchRows(workload, step))
      return Array.from({ length: Math.ceil(rows.length / rowsPerTransaction) }, (_, at) =>
        lastOfEachKey(rows.slice(at * rowsPerTransaction, (at + 1) * rowsPerTransaction)),
      )
    })
    const rows = groups.flat().reduce((sum, { length }) => sum + length, 0)
    return timed(rows, ready, async (client, at) => {
      for (const group of groups[at]) await client.query({ ...BULK, values: columnsOf(group) })
    })
  },

  /** One statement for each update. */
  async single({ workload, identities, round, connections }) {
    const ready = await connected(connections)
    const lists = dealt(connectionPlan(workload, identities, round), connections).map((steps) =>
      steps.map((step) => {
        const [{ identity, dataset, key, value }] = batchRows(workload, step)
        return [identity, dataset, key, value, NOW, NOW]
      }),
    )
    const rows = lists.reduce((sum, { length }) => sum + length, 0)
    return timed(rows, ready, async (client, at) => {
      for (const values of lists[at]) await client.query({ ...SINGLE, values })
    })
  },
})

async function timed(rows, connections, work) {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await Promise.all(connections.map(work))
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return { rows, seconds, perSecond: rows / seconds, cpuMicroseconds: (user + system) / rows }
}

/** One statement cannot write a row twice. */
const lastOfEachKey = (rows) => [...new Map(rows.map((row) => [`${row.identity}\n${row.key}`, row])).values()]

const columnsOf = (rows) => [
  rows.map(({ identity }) => identity),
  rows.map(({ dataset }) => dataset),
  rows.map(({ key }) => key),
  rows.map(({ count }) => count),
  rows.map(() => NOW),
  rows.map(({ identity }) => identity),
  rows.map(() => NOW),
  rows.map(({ value }) => value),
]
