import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { DEVICE_MARKERS_FROM } from '../../../domain/batch-marker.js'
import type { Usage } from '../../../domain/usage.js'
import type { Transaction } from './connections.js'
import { addPoolUsage } from './postgres-pool-usage.js'
import { prepared } from './prepared.js'

/** Removes old tombstones and raises `collected_through` of their datasets, in the caller's transaction. */
export async function collectTombstones(
  transaction: Transaction,
  { before, limit }: Readonly<{ before: number; limit: number }>,
): Promise<number> {
  const old = await transaction.query<{ identity: string; dataset: string; key: string }>(OLD_TOMBSTONES, [
    before,
    limit,
  ])
  if (old.length === 0) return 0
  const identities = old.map(({ identity }) => identity)
  await transaction.run(LOCK_IDENTITIES, [identities])
  const [collected] = await transaction.query<{ count: number }>(COLLECT, [
    identities,
    old.map(({ dataset }) => dataset),
    old.map(({ key }) => key),
    before,
  ])
  return collected!.count
}

/** Removes what deleted pools and identities left behind, a bounded number of rows, in the caller's transaction. */
export async function purge(transaction: Transaction, limit: number): Promise<number> {
  const [doomedPool] = await transaction.query<{ pool: IdentityPoolId }>(A_DOOMED_POOL)
  if (doomedPool !== undefined) return purgePool(transaction, doomedPool.pool, limit)
  const [doomed] = await transaction.query<Doomed>(A_DOOMED_IDENTITY)
  return doomed === undefined ? 0 : purgeIdentity(transaction, doomed, limit)
}

type Doomed = Readonly<{ identity: IdentityId; pool: IdentityPoolId }>

/** Turns a deleted pool's identities into deleted identities; the pool is done with when none is left. */
async function purgePool(transaction: Transaction, pool: IdentityPoolId, limit: number): Promise<number> {
  const found = await transaction.query<{ identity: string }>(IDENTITIES_OF_POOL, [pool, limit])
  const identities = found.map(({ identity }) => identity)
  await transaction.run(FORGET_LOGINS, [identities])
  await transaction.run(DOOM, [identities, pool])
  if (found.length === limit) return found.length
  await transaction.run(FORGET_BULK_PUBLISH, [pool])
  await transaction.run(FORGET_DOOMED_POOL, [pool])
  return found.length + 1
}

/** Removes an identity's records and device markers, then its datasets, whose usage leaves the pool with them. */
async function purgeIdentity(transaction: Transaction, { identity, pool }: Doomed, limit: number): Promise<number> {
  let removed = await transaction.run(PURGE_RECORDS, [identity, limit])
  if (removed < limit) removed += await transaction.run(PURGE_MARKERS, [identity, limit - removed])
  if (removed >= limit) return removed
  const [usage] = await transaction.query<Usage>(PURGE_DATASETS, [identity])
  const { datasets, records, bytes } = usage!
  const moved = { datasets: -datasets, records: -records, bytes: -bytes, syncSessions: 0, at: 0 }
  await addPoolUsage(transaction, new Map([[pool, moved]]))
  await transaction.run(FORGET_DOOMED_IDENTITY, [identity])
  // Nobody asks for the usage of a pool that is gone.
  await transaction.run(FORGET_USAGE, [pool])
  return removed + 1
}

/**
 * Begins a new epoch of every dataset, by `domain/dataset.ts`, in the caller's transaction. Waits for the commits that are under way and lets none begin
 * meanwhile, or one of them could put an old epoch back.
 */
export async function beginEpoch(transaction: Transaction, at: number): Promise<number> {
  for (const statement of UNHURRIED) await transaction.run(statement)
  await transaction.run(RAISE_BASE, [at])
  return transaction.run(RAISE_EPOCHS, [at])
}

const OLD_TOMBSTONES = prepared(`SELECT identity_id AS identity, dataset, "key" FROM record
  WHERE removed_at < $1 ORDER BY removed_at LIMIT $2`)

const LOCK_IDENTITIES = prepared(
  'SELECT 1 FROM identity WHERE identity_id = ANY ($1::text[]) ORDER BY identity_id FOR NO KEY UPDATE',
)

// Looked at again: what was found may have been written anew before its identity was locked.
const COLLECT = prepared(`WITH gone AS (
    DELETE FROM record USING unnest($1::text[], $2::text[], $3::text[]) AS old (identity_id, dataset, "key")
      WHERE record.identity_id = old.identity_id AND record.dataset = old.dataset AND record."key" = old."key" AND record.removed_at < $4
      RETURNING record.identity_id, record.dataset, record.sync_count
  ), noted AS (
    UPDATE dataset SET collected_through = greatest(collected_through, highest.sync_count)
      FROM (SELECT identity_id, dataset, max(sync_count) AS sync_count FROM gone GROUP BY identity_id, dataset) AS highest
      WHERE dataset.identity_id = highest.identity_id AND dataset.name = highest.dataset
  )
  SELECT count(*) AS count FROM gone`)

// What another node is at work on is left to it.
const A_DOOMED_POOL = prepared('SELECT pool_id AS pool FROM doomed_pool LIMIT 1 FOR UPDATE SKIP LOCKED')
const A_DOOMED_IDENTITY = prepared(
  'SELECT identity_id AS identity, pool_id AS pool FROM doomed_identity LIMIT 1 FOR UPDATE SKIP LOCKED',
)

const IDENTITIES_OF_POOL = prepared(
  'SELECT identity_id AS identity FROM identity WHERE pool_id = $1 ORDER BY identity_id LIMIT $2 FOR UPDATE',
)
const FORGET_LOGINS = prepared('DELETE FROM login WHERE identity_id = ANY ($1::text[])')
const DOOM = prepared(`WITH gone AS (DELETE FROM identity WHERE identity_id = ANY ($1::text[]) RETURNING identity_id)
  INSERT INTO doomed_identity (identity_id, pool_id, doomed_at) SELECT identity_id, $2, 0 FROM gone
  ON CONFLICT (identity_id) DO NOTHING`)
const FORGET_BULK_PUBLISH = prepared('DELETE FROM bulk_publish WHERE pool_id = $1')
const FORGET_DOOMED_POOL = prepared('DELETE FROM doomed_pool WHERE pool_id = $1')

const PURGE_RECORDS = prepared(`DELETE FROM record WHERE identity_id = $1 AND (dataset, "key") IN
  (SELECT dataset, "key" FROM record WHERE identity_id = $1 LIMIT $2)`)
const PURGE_MARKERS = prepared(`DELETE FROM batch_marker WHERE identity_id = $1 AND marker_id IN
  (SELECT marker_id FROM batch_marker WHERE identity_id = $1 AND marker_id >= '${DEVICE_MARKERS_FROM}' LIMIT $2)`)
const PURGE_DATASETS =
  prepared(`WITH gone AS (DELETE FROM dataset WHERE identity_id = $1 RETURNING "exists", record_count, bytes)
  SELECT count(*) FILTER (WHERE "exists") AS datasets, coalesce(sum(record_count), 0)::bigint AS records,
    coalesce(sum(bytes), 0)::bigint AS bytes FROM gone`)
const FORGET_DOOMED_IDENTITY = prepared('DELETE FROM doomed_identity WHERE identity_id = $1')
const FORGET_USAGE = prepared(
  'DELETE FROM pool_usage WHERE pool_id = $1 AND NOT EXISTS (SELECT 1 FROM identity_pool WHERE pool_id = $1)',
)

/** Datasets by the million take their time. */
const EPOCHS_MS_MAX = 3_600_000

const UNHURRIED = [
  'SET LOCAL statement_timeout = 0',
  "SET LOCAL lock_timeout = '60s'",
  'LOCK TABLE identity IN EXCLUSIVE MODE',
].map((text) => ({ ...prepared(text), query_timeout: EPOCHS_MS_MAX }))
const RAISE_BASE = prepared('UPDATE history SET epoch_base = greatest(epoch_base + 1, $1::bigint)')
const RAISE_EPOCHS = {
  ...prepared('UPDATE dataset SET epoch = greatest(epoch + 1, $1::bigint)'),
  query_timeout: EPOCHS_MS_MAX,
}
