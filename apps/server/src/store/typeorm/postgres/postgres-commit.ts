import type { IdentityId, IdentityPoolId, Limits, RecordKey } from '@satchel/protocol'
import type { BatchMarker } from '../../../domain/batch-marker.js'
import type { Dataset } from '../../../domain/dataset.js'
import type { DatasetWrite, WriteOutcome } from '../../../domain/dataset-write.js'
import type { HeldRecord } from '../../../domain/held-record.js'
import { judgeWithin } from '../../../domain/judge.js'
import type { StreamTarget } from '../../../domain/stream-target.js'
import { datasetKey, WorkingSet, type Changes, type Loaded } from '../../../domain/working-set.js'
import { streamTargetFromJson } from '../../pool-json.js'
import { DATASET_COLUMNS, datasetOf, type DatasetRow } from '../dataset-row.js'
import type { Transaction } from './connections.js'
import { insertOutbox, type OutboxRule } from './postgres-outbox-insert.js'
import { LANE } from './postgres-pool-usage.js'
import { prepared } from './prepared.js'

type IdentityRow = Readonly<{ identity: IdentityId; pool: IdentityPoolId; streamTarget: string | null }>

/**
 * One group of writes in one transaction, in three trips to the database: identities are locked and what the group touches is loaded, the writes are judged in
 * turn, and what was accepted is stored with one statement, its way into the outbox with another (W1, W2, V1). Durable once the transaction is.
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
  await Promise.all([store(transaction, changes), insertOutbox(transaction, changes.streamed, outbox)])
  return outcomes
}

/** Every statement after the first sees what was committed before the locks were had, and nothing can change any more. */
async function load(transaction: Transaction, writes: readonly DatasetWrite[]): Promise<Loaded> {
  const identities = [...new Set(writes.map(({ path }) => path.identity))]
  const updates = writes.filter((write) => write.kind === 'update')
  const keys = updates.flatMap(({ path, batch }) => batch.map(({ key }) => ({ path, key })))
  const [locked, datasets, held, markers, [history]] = await Promise.all([
    transaction.query<IdentityRow>(LOCK, [identities]),
    transaction.query<DatasetRow & { identity: IdentityId }>(DATASETS, [identities]),
    transaction.query<HeldRecord & { place: number }>(HELD, [
      keys.map(({ path }) => path.identity),
      keys.map(({ path }) => path.dataset),
      keys.map(({ key }) => key),
    ]),
    transaction.query<BatchMarker>(MARKERS, [
      updates.map(({ path }) => path.identity),
      updates.map(({ origin }) => origin.id),
    ]),
    transaction.query<{ epochBase: number }>(EPOCH_BASE),
  ])
  return {
    epochBase: history!.epochBase,
    pools: new Map(locked.map(({ identity, pool }) => [identity, pool])),
    targets: targetsOf(locked),
    datasets: byIdentity(datasets),
    records: byDataset(held.map(({ place, ...record }) => ({ ...keys[place - 1]!, record }))),
    markers: new Map(markers.map((marker) => [marker.id, marker])),
  }
}

function targetsOf(locked: readonly IdentityRow[]): ReadonlyMap<IdentityPoolId, StreamTarget> {
  const targets = new Map<IdentityPoolId, StreamTarget>()
  for (const { pool, streamTarget } of locked) {
    if (streamTarget !== null && !targets.has(pool)) targets.set(pool, streamTargetFromJson(streamTarget))
  }
  return targets
}

function byIdentity(rows: readonly (DatasetRow & { identity: IdentityId })[]): Loaded['datasets'] {
  const datasets = new Map<IdentityId, Map<Dataset['name'], Dataset>>()
  for (const row of rows) {
    const byName = datasets.get(row.identity) ?? new Map<Dataset['name'], Dataset>()
    datasets.set(row.identity, byName.set(row.name, datasetOf(row)))
  }
  return datasets
}

function byDataset(
  held: readonly Readonly<{ path: DatasetWrite['path']; key: RecordKey; record: HeldRecord }>[],
): Loaded['records'] {
  const records = new Map<string, Map<RecordKey, HeldRecord>>()
  for (const { path, key, record } of held) {
    const byKey = records.get(datasetKey(path)) ?? new Map<RecordKey, HeldRecord>()
    records.set(datasetKey(path), byKey.set(key, record))
  }
  return records
}

async function store(transaction: Transaction, { cleared, datasets, records, markers, usage }: Changes): Promise<void> {
  if (datasets.length === 0) return
  // In the order of their ids, so that two transactions never wait for each other.
  const pools = [...usage].sort(([a], [b]) => (a < b ? -1 : 1))
  await Promise.all([
    ...cleared.map(({ identity, dataset }) => transaction.run(CLEAR, [identity, dataset])),
    transaction.run(STORE, [
      datasets.map(({ path }) => path.identity),
      datasets.map(({ path }) => path.dataset),
      datasets.map(({ dataset }) => dataset.exists),
      datasets.map(({ dataset }) => dataset.syncCount),
      datasets.map(({ dataset }) => dataset.deletedAt),
      datasets.map(({ dataset }) => dataset.collectedThrough),
      datasets.map(({ dataset }) => dataset.epoch),
      datasets.map(({ dataset }) => dataset.recordCount),
      datasets.map(({ dataset }) => dataset.bytes),
      datasets.map(({ dataset }) => dataset.createdAt),
      datasets.map(({ dataset }) => dataset.modifiedAt),
      datasets.map(({ dataset }) => dataset.modifiedBy),
      datasets.map(({ dataset }) => dataset.streamedThrough),
      datasets.map(({ dataset }) => dataset.streamedEpoch),
      datasets.map(({ dataset }) => dataset.streamBegun),
      records.map(({ path }) => path.identity),
      records.map(({ path }) => path.dataset),
      records.map(({ record }) => record.key),
      records.map(({ record }) => record.syncCount),
      records.map(({ record }) => record.modifiedAt),
      records.map(({ record }) => record.modifiedBy),
      records.map(({ record }) => record.deviceModifiedAt),
      records.map(({ record }) => record.value),
      markers.map(({ path }) => path.identity),
      markers.map(({ marker }) => marker.id),
      markers.map(({ path }) => path.dataset),
      markers.map(({ marker }) => marker.number),
      markers.map(({ marker }) => marker.hash),
      markers.map(({ marker }) => marker.syncCount),
      markers.map(({ marker }) => marker.at),
      markers.map(({ marker }) => marker.by),
      pools.map(([pool]) => pool),
      pools.map(([, { usage: by }]) => by.datasets),
      pools.map(([, { usage: by }]) => by.records),
      pools.map(([, { usage: by }]) => by.bytes),
      pools.map(([, { at }]) => at),
    ]),
  ])
}

// Rows are locked in the order of their ids, whoever locks several. Each is looked up for itself: of a list, a plan that is kept would look for it in every
// part of the table.
const LOCK = prepared(`SELECT i.identity_id AS identity, i.pool_id AS pool, p.stream_target AS "streamTarget"
  FROM (SELECT unnest($1::text[]) COLLATE "C" AS identity_id ORDER BY 1) AS wanted
  CROSS JOIN LATERAL (SELECT identity_id, pool_id FROM identity
    WHERE identity.identity_id = wanted.identity_id AND identity.disabled_at IS NULL FOR NO KEY UPDATE) AS i
  JOIN identity_pool AS p ON p.pool_id = i.pool_id`)

// OFFSET 0 keeps each look-up one by key, whatever the planner thinks of the tables' sizes.
const DATASETS = prepared(`SELECT d.identity_id AS identity, ${DATASET_COLUMNS}
  FROM unnest($1::text[]) AS wanted (identity_id)
  CROSS JOIN LATERAL (SELECT * FROM dataset WHERE dataset.identity_id = wanted.identity_id OFFSET 0) AS d`)

const HELD = prepared(`SELECT wanted.place::int AS place, r.sync_count AS "syncCount", r.bytes AS "valueBytes"
  FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS wanted (identity_id, dataset, "key", place)
  CROSS JOIN LATERAL (SELECT sync_count, octet_length(value) AS bytes FROM record
    WHERE record.identity_id = wanted.identity_id AND record.dataset = wanted.dataset AND record."key" = wanted."key" OFFSET 0) AS r`)

const MARKERS =
  prepared(`SELECT m.marker_id AS id, m.batch_number AS number, m.batch_hash AS hash, m.sync_count AS "syncCount",
    m.accepted_at AS at, m.accepted_by AS "by"
  FROM unnest($1::text[], $2::text[]) AS wanted (identity_id, marker_id)
  CROSS JOIN LATERAL (SELECT * FROM batch_marker
    WHERE batch_marker.identity_id = wanted.identity_id AND batch_marker.marker_id = wanted.marker_id OFFSET 0) AS m`)

const EPOCH_BASE = prepared('SELECT epoch_base AS "epochBase" FROM history')

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
