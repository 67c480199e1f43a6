import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { QueryRunner } from 'typeorm'
import { DEVICE_MARKERS_FROM, deviceMarkersOf } from '../../domain/batch-marker.js'
import { addPoolUsage } from './pool-usage.js'

/** Removes old tombstones and raises `collected_through` of their datasets, in the caller's transaction. */
export async function collectTombstones(
  runner: QueryRunner,
  { before, limit }: Readonly<{ before: number; limit: number }>,
): Promise<number> {
  const found = (await runner.query(OLD_TOMBSTONES, [before, limit])) as {
    identity: string
    dataset: string
    key: string
    syncCount: number
  }[]
  for (const { identity, dataset, key, syncCount } of found) {
    await runner.query('DELETE FROM record WHERE identity_id = ? AND dataset = ? AND "key" = ?', [
      identity,
      dataset,
      key,
    ])
    await runner.query(NOTE_COLLECTED, [syncCount, identity, dataset])
  }
  return found.length
}

/** Removes the oldest markers of sync sessions below an id, in the caller's transaction. */
export async function forgetMarkers(
  runner: QueryRunner,
  { below, limit }: Readonly<{ below: string; limit: number }>,
): Promise<number> {
  await runner.query(FORGET_MARKERS, [below, limit])
  return changes(runner)
}

/** Removes the markers of devices that were silent for longest, in the caller's transaction. */
export async function forgetDeviceMarkers(
  runner: QueryRunner,
  { before, limit }: Readonly<{ before: number; limit: number }>,
): Promise<number> {
  await runner.query(FORGET_DEVICE_MARKERS, [before, limit])
  return changes(runner)
}

/** Removes what deleted pools and identities left behind, a bounded number of rows, in the caller's transaction. */
export async function purge(runner: QueryRunner, limit: number): Promise<number> {
  const [pool] = (await runner.query('SELECT pool_id AS pool FROM doomed_pool LIMIT 1')) as { pool: IdentityPoolId }[]
  if (pool !== undefined) return purgePool(runner, pool.pool, limit)
  const [doomed] = (await runner.query(
    'SELECT identity_id AS identity, pool_id AS pool FROM doomed_identity LIMIT 1',
  )) as {
    identity: IdentityId
    pool: IdentityPoolId
  }[]
  return doomed === undefined ? 0 : purgeIdentity(runner, doomed, limit)
}

/** Turns a deleted pool's identities into deleted identities; the pool is done with when none is left. */
async function purgePool(runner: QueryRunner, pool: IdentityPoolId, limit: number): Promise<number> {
  const found = (await runner.query('SELECT identity_id AS identity FROM identity WHERE pool_id = ? LIMIT ?', [
    pool,
    limit,
  ])) as { identity: string }[]
  for (const { identity } of found) {
    await runner.query('DELETE FROM login WHERE identity_id = ?', [identity])
    await runner.query('DELETE FROM identity WHERE identity_id = ?', [identity])
    await runner.query('INSERT OR IGNORE INTO doomed_identity (identity_id, pool_id, doomed_at) VALUES (?, ?, 0)', [
      identity,
      pool,
    ])
  }
  if (found.length === limit) return found.length
  await runner.query('DELETE FROM bulk_publish WHERE pool_id = ?', [pool])
  await runner.query('DELETE FROM doomed_pool WHERE pool_id = ?', [pool])
  return found.length + 1
}

/** Removes an identity's records and device markers, then its datasets, whose usage leaves the pool with them. */
async function purgeIdentity(
  runner: QueryRunner,
  { identity, pool }: Readonly<{ identity: IdentityId; pool: IdentityPoolId }>,
  limit: number,
): Promise<number> {
  await runner.query(PURGE_RECORDS, [identity, identity, limit])
  let removed = await changes(runner)
  if (removed === limit) return removed
  const { from, to } = deviceMarkersOf(identity)
  await runner.query(PURGE_DEVICE_MARKERS, [from, to, limit - removed])
  removed += await changes(runner)
  if (removed === limit) return removed
  const [usage] = (await runner.query(USAGE_OF_IDENTITY, [identity])) as {
    datasets: number
    records: number
    bytes: number
  }[]
  const { datasets, records, bytes } = usage!
  await addPoolUsage(runner, pool, { datasets: -datasets, records: -records, bytes: -bytes, syncSessions: 0, at: 0 })
  await runner.query('DELETE FROM dataset WHERE identity_id = ?', [identity])
  await runner.query('DELETE FROM doomed_identity WHERE identity_id = ?', [identity])
  // Nobody asks for the usage of a pool that is gone.
  await runner.query(
    'DELETE FROM pool_usage WHERE pool_id = ? AND pool_id NOT IN (SELECT pool_id FROM identity_pool)',
    [pool],
  )
  return removed + 1
}

/** Begins a new epoch of every dataset, by `domain/dataset.ts`, in the caller's transaction. */
export async function beginEpoch(runner: QueryRunner, at: number): Promise<number> {
  await runner.query('UPDATE history SET epoch_base = max(epoch_base + 1, ?)', [at])
  await runner.query('UPDATE dataset SET epoch = max(epoch + 1, ?)', [at])
  return changes(runner)
}

async function changes(runner: QueryRunner): Promise<number> {
  const [row] = (await runner.query('SELECT changes() AS count')) as { count: number }[]
  return row!.count
}

const OLD_TOMBSTONES = `SELECT identity_id AS identity, dataset, "key", sync_count AS syncCount FROM record
  WHERE value IS NULL AND modified_at < ? ORDER BY modified_at LIMIT ?`

const NOTE_COLLECTED = `UPDATE dataset SET collected_through = max(collected_through, ?) WHERE identity_id = ? AND name = ?`

const FORGET_MARKERS = `DELETE FROM batch_marker WHERE marker_id IN (SELECT marker_id FROM batch_marker
  WHERE marker_id < ? AND marker_id < '${DEVICE_MARKERS_FROM}' ORDER BY marker_id LIMIT ?)`

// The condition is the very one of the index device_marker_by_age, which is used for nothing else.
const FORGET_DEVICE_MARKERS = `DELETE FROM batch_marker WHERE marker_id IN (SELECT marker_id FROM batch_marker
  WHERE marker_id >= '${DEVICE_MARKERS_FROM}' AND accepted_at < ? ORDER BY accepted_at, marker_id LIMIT ?)`

const PURGE_DEVICE_MARKERS = `DELETE FROM batch_marker WHERE marker_id IN
  (SELECT marker_id FROM batch_marker WHERE marker_id >= ? AND marker_id < ? LIMIT ?)`

const PURGE_RECORDS = `DELETE FROM record WHERE identity_id = ? AND (dataset, "key") IN
  (SELECT dataset, "key" FROM record WHERE identity_id = ? LIMIT ?)`

const USAGE_OF_IDENTITY = `SELECT coalesce(sum("exists"), 0) AS datasets, coalesce(sum(record_count), 0) AS records,
  coalesce(sum(bytes), 0) AS bytes FROM dataset WHERE identity_id = ?`
