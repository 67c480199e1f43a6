import type { Limits } from '@satchel/protocol'
import type { DatasetWrite, WriteOutcome } from '../../../domain/dataset-write.js'
import { judgeWithin } from '../../../domain/judge.js'
import { WorkingSet, type Changes } from '../../../domain/working-set.js'
import { booleanArray, numberArray, sparseNumberArray, textArray } from './array-literal.js'
import type { Transaction } from './connections.js'
import { load } from './postgres-load.js'
import { insertOutbox, type OutboxRule } from './postgres-outbox-insert.js'
import { LANE } from './postgres-pool-usage.js'
import { prepared } from './prepared.js'

/**
 * One group of writes in one transaction, in two trips to the database: identities are locked and what the group touches is loaded, the writes are judged in
 * turn, and what was accepted is stored with one statement, its way into the outbox with another, and committed (W1, W2, V1). Durable once the transaction is.
 */
export async function commitGroup(
  transaction: Transaction,
  { writes, limits }: Readonly<{ writes: readonly DatasetWrite[]; limits: Limits }>,
  outbox: OutboxRule,
): Promise<readonly WriteOutcome[]> {
  const judge = judgeWithin(limits)
  const working = new WorkingSet(await load(transaction, writes))
  const outcomes = writes.map((write) => judge(write, working))
  const changes = working.changes()
  // Not waited for: the transaction's end goes out with them, and it is the transaction that tells of what fails.
  store(transaction, changes)
  insertOutbox(transaction, changes.streamed, outbox).catch(() => {})
  return outcomes
}

/** Asks for everything that was accepted to be stored. */
function store(transaction: Transaction, { cleared, datasets, records, markers, usage }: Changes): void {
  if (datasets.length === 0) return
  // In the order of their ids, so that two transactions never wait for each other.
  const pools = [...usage].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const { identity, dataset } of cleared) transaction.leave(CLEAR, [identity, dataset])
  transaction.leave(STORE, [
    textArray(datasets.map(({ path }) => path.identity)),
    textArray(datasets.map(({ path }) => path.dataset)),
    booleanArray(datasets.map(({ dataset }) => dataset.exists)),
    numberArray(datasets.map(({ dataset }) => dataset.syncCount)),
    numberArray(datasets.map(({ dataset }) => dataset.deletedAt)),
    numberArray(datasets.map(({ dataset }) => dataset.collectedThrough)),
    numberArray(datasets.map(({ dataset }) => dataset.epoch)),
    numberArray(datasets.map(({ dataset }) => dataset.recordCount)),
    numberArray(datasets.map(({ dataset }) => dataset.bytes)),
    numberArray(datasets.map(({ dataset }) => dataset.createdAt)),
    numberArray(datasets.map(({ dataset }) => dataset.modifiedAt)),
    textArray(datasets.map(({ dataset }) => dataset.modifiedBy)),
    numberArray(datasets.map(({ dataset }) => dataset.streamedThrough)),
    numberArray(datasets.map(({ dataset }) => dataset.streamedEpoch)),
    numberArray(datasets.map(({ dataset }) => dataset.streamBegun)),
    textArray(records.map(({ path }) => path.identity)),
    textArray(records.map(({ path }) => path.dataset)),
    textArray(records.map(({ record }) => record.key)),
    numberArray(records.map(({ record }) => record.syncCount)),
    numberArray(records.map(({ record }) => record.modifiedAt)),
    textArray(records.map(({ record }) => record.modifiedBy)),
    sparseNumberArray(records.map(({ record }) => record.deviceModifiedAt)),
    textArray(records.map(({ record }) => record.value)),
    textArray(markers.map(({ path }) => path.identity)),
    textArray(markers.map(({ marker }) => marker.id)),
    textArray(markers.map(({ path }) => path.dataset)),
    numberArray(markers.map(({ marker }) => marker.number)),
    textArray(markers.map(({ marker }) => marker.hash)),
    numberArray(markers.map(({ marker }) => marker.syncCount)),
    numberArray(markers.map(({ marker }) => marker.at)),
    textArray(markers.map(({ marker }) => marker.by)),
    textArray(pools.map(([pool]) => pool)),
    numberArray(pools.map(([, { usage: by }]) => by.datasets)),
    numberArray(pools.map(([, { usage: by }]) => by.records)),
    numberArray(pools.map(([, { usage: by }]) => by.bytes)),
    numberArray(pools.map(([, { at }]) => at)),
  ])
}

const CLEAR = prepared('DELETE FROM record WHERE identity_id = $1 AND dataset = $2')

const STORE = prepared(`WITH datasets AS (
    INSERT INTO dataset (identity_id, name, "exists", sync_count, deleted_at_count, collected_through, epoch, record_count, bytes,
        created_at, modified_at, modified_by, streamed_count, streamed_epoch, stream_begun)
      SELECT * FROM unnest($1::text[], $2::text[], $3::boolean[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
        $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[])
      ON CONFLICT (identity_id, name) DO UPDATE SET "exists" = excluded."exists", sync_count = excluded.sync_count,
        deleted_at_count = excluded.deleted_at_count, collected_through = excluded.collected_through, epoch = excluded.epoch,
        record_count = excluded.record_count, bytes = excluded.bytes, created_at = excluded.created_at,
        modified_at = excluded.modified_at, modified_by = excluded.modified_by, streamed_count = excluded.streamed_count,
        streamed_epoch = excluded.streamed_epoch, stream_begun = excluded.stream_begun
  ), records AS (
    INSERT INTO record (identity_id, dataset, "key", sync_count, modified_at, modified_by, device_modified_at, value)
      SELECT * FROM unnest($16::text[], $17::text[], $18::text[], $19::bigint[], $20::bigint[], $21::text[],
        $22::double precision[], $23::text[])
      ON CONFLICT (identity_id, dataset, "key") DO UPDATE SET sync_count = excluded.sync_count, modified_at = excluded.modified_at,
        modified_by = excluded.modified_by, device_modified_at = excluded.device_modified_at, value = excluded.value
  ), markers AS (
    INSERT INTO batch_marker (identity_id, marker_id, dataset, batch_number, batch_hash, sync_count, accepted_at, accepted_by)
      SELECT * FROM unnest($24::text[], $25::text[], $26::text[], $27::bigint[], $28::text[], $29::bigint[], $30::bigint[], $31::text[])
      ON CONFLICT (identity_id, marker_id) DO UPDATE SET batch_number = excluded.batch_number, batch_hash = excluded.batch_hash,
        sync_count = excluded.sync_count, accepted_at = excluded.accepted_at, accepted_by = excluded.accepted_by
  )
  INSERT INTO pool_usage AS held (pool_id, lane, datasets, records, bytes, sync_sessions, modified_at)
    SELECT pool_id, ${LANE}, datasets, records, bytes, 0, modified_at
      FROM unnest($32::text[], $33::bigint[], $34::bigint[], $35::bigint[], $36::bigint[])
        AS moved (pool_id, datasets, records, bytes, modified_at)
    ON CONFLICT (pool_id, lane) DO UPDATE SET datasets = held.datasets + excluded.datasets,
      records = held.records + excluded.records, bytes = held.bytes + excluded.bytes,
      modified_at = greatest(held.modified_at, excluded.modified_at)`)
