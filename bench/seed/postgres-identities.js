import pg from 'pg'
import { keyName } from '../load/workload.js'

/**
 * As {@link import('./identities.js').seedIdentities} for PostgreSQL, made by the database itself. Answers the ids of `active` of them, chosen by chance.
 */
export async function seedPostgresIdentities(url, { pool, count, active = count, workload = null }) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('SET synchronous_commit = off') // a crash here only ends the bench
    await client.query(`SET work_mem = '256MB'`)
    const now = Date.now()
    await client.query(
      `INSERT INTO identity (identity_id, pool_id, created_at, modified_at)
         SELECT id, $1, $2::bigint, $2::bigint
         FROM (SELECT 'us-east-1:' || gen_random_uuid() AS id FROM generate_series(1, $3::int) ORDER BY 1) AS made`,
      [pool, now, count],
    )
    if (workload !== null) await addDatasets(client, { pool, now, count, workload })
    await client.query('VACUUM (ANALYZE)')
    await client.query('CHECKPOINT')
    const { rows } = await client.query('SELECT identity_id AS id FROM identity ORDER BY random() LIMIT $1', [active])
    return rows.map(({ id }) => id)
  } finally {
    await client.end()
  }
}

/** One update for each key: the state in which a workload with `updatesBefore: keysPerDataset` begins. */
async function addDatasets(client, { pool, now, count, workload: { dataset, keysPerDataset, valueBytes } }) {
  const bytes = keysPerDataset * (keyName(0).length + valueBytes)
  await client.query(
    `INSERT INTO dataset (identity_id, name, "exists", sync_count, deleted_at_count, collected_through, epoch, record_count, bytes, created_at,
         modified_at, modified_by)
       SELECT identity_id, $1, true, $2::bigint, 0, 0, 1, $2::bigint, $3::bigint, $4::bigint, $4::bigint, identity_id
       FROM identity ORDER BY identity_id`,
    [dataset, keysPerDataset, bytes, now],
  )
  await client.query(
    `INSERT INTO record (identity_id, dataset, "key", sync_count, modified_at, modified_by, value)
       SELECT identity_id, $1, 'key-' || lpad((slot - 1)::text, 4, '0'), slot, $2::bigint, identity_id, rpad(slot || ' ' || identity_id, $3::int, 'and so on ')
       FROM identity CROSS JOIN generate_series(1, $4::int) AS slot ORDER BY identity_id, slot`,
    [dataset, now, valueBytes, keysPerDataset],
  )
  await client.query(
    `INSERT INTO pool_usage (pool_id, lane, datasets, records, bytes, sync_sessions, modified_at)
       VALUES ($1, 'seeded', $2, $3, $4, 0, $5)`,
    [pool, count, count * keysPerDataset, count * bytes, now],
  )
}
