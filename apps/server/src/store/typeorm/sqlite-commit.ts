import type { DatasetName, DatasetPath, IdentityId, IdentityPoolId, RecordKey, SyncCount } from '@satchel/protocol'
import type { QueryRunner } from 'typeorm'
import type { BatchMarker } from '../../domain/batch-marker.js'
import type { Dataset } from '../../domain/dataset.js'
import type { DatasetWrite } from '../../domain/dataset-write.js'
import type { HeldRecord } from '../../domain/held-record.js'
import { datasetKey, type Changes, type Loaded } from '../../domain/working-set.js'
import { DATASET_COLUMNS, datasetOf, type DatasetRow } from './dataset-row.js'
import { insertRows, type Table } from './insert-rows.js'

/** The lane that wrote a pool's usage; SQLite has one. */
const LANE = 'sqlite'

type IdentityRow = Readonly<{ identity: IdentityId; pool: IdentityPoolId }> & (DatasetRow | Readonly<{ name: null }>)

/** Loads what a group of writes touches, with one statement per table. Texts travel as JSON, which SQLite takes apart. */
export async function load(runner: QueryRunner, writes: readonly DatasetWrite[]): Promise<Loaded> {
  const identities = JSON.stringify([...new Set(writes.map(({ path }) => path.identity))])
  const rows = (await runner.query(IDENTITIES_WITH_DATASETS, [identities])) as IdentityRow[]
  const pools = new Map<IdentityId, IdentityPoolId>()
  const datasets = new Map<IdentityId, Map<DatasetName, Dataset>>()
  for (const row of rows) {
    pools.set(row.identity, row.pool)
    if (row.name === null) continue
    const byName = datasets.get(row.identity)
    if (byName === undefined) datasets.set(row.identity, new Map([[row.name, datasetOf(row)]]))
    else byName.set(row.name, datasetOf(row))
  }
  return {
    pools,
    datasets,
    records: await loadRecords(runner, writes),
    markers: await loadMarkers(runner, writes),
  }
}

/** Stores what was decided. */
export async function store(runner: QueryRunner, changes: Changes): Promise<void> {
  for (const { identity, dataset } of changes.cleared) await runner.query(CLEAR, [identity, dataset])
  await insertRows(runner, DATASET_TABLE, changes.datasets.map(datasetValues))
  await insertRows(runner, RECORD_TABLE, changes.records.map(recordValues))
  await insertRows(runner, MARKER_TABLE, changes.markers.map(markerValues))
  for (const [pool, { usage, at }] of changes.usage) {
    await addPoolUsage(runner, pool, { ...usage, syncSessions: 0, at })
  }
}

/** Moves a pool's usage. */
export async function addPoolUsage(
  runner: QueryRunner,
  pool: IdentityPoolId,
  by: Readonly<{ datasets: number; records: number; bytes: number; syncSessions: number; at: number }>,
): Promise<void> {
  await runner.query(ADD_USAGE, [pool, LANE, by.datasets, by.records, by.bytes, by.syncSessions, by.at])
}

async function loadRecords(
  runner: QueryRunner,
  writes: readonly DatasetWrite[],
): Promise<ReadonlyMap<string, ReadonlyMap<RecordKey, HeldRecord>>> {
  const wanted: { path: DatasetPath; key: RecordKey }[] = []
  for (const write of writes) {
    if (write.kind === 'update') for (const { key } of write.batch) wanted.push({ path: write.path, key })
  }
  const records = new Map<string, Map<RecordKey, HeldRecord>>()
  if (wanted.length === 0) return records
  const asked = JSON.stringify(wanted.map(({ path, key }) => [path.identity, path.dataset, key]))
  const found = (await runner.query(HELD_RECORDS, [asked])) as {
    position: number
    syncCount: SyncCount
    valueBytes: number | null
  }[]
  for (const { position, syncCount, valueBytes } of found) {
    const { path, key } = wanted[position]!
    const byKey = records.get(datasetKey(path)) ?? new Map<RecordKey, HeldRecord>()
    records.set(datasetKey(path), byKey.set(key, { syncCount, valueBytes }))
  }
  return records
}

async function loadMarkers(
  runner: QueryRunner,
  writes: readonly DatasetWrite[],
): Promise<ReadonlyMap<string, BatchMarker>> {
  const ids = writes.flatMap((write) => (write.kind === 'update' ? [write.origin.id] : []))
  if (ids.length === 0) return new Map()
  const found = (await runner.query(MARKERS, [JSON.stringify(ids)])) as BatchMarker[]
  return new Map(found.map((marker) => [marker.id, marker]))
}

const datasetValues = ({ path, dataset }: Changes['datasets'][number]): unknown[] => [
  path.identity,
  path.dataset,
  Number(dataset.exists),
  dataset.syncCount,
  dataset.deletedAt,
  dataset.collectedThrough,
  dataset.epoch,
  dataset.recordCount,
  dataset.bytes,
  dataset.createdAt,
  dataset.modifiedAt,
  dataset.modifiedBy,
]

const recordValues = ({ path, record }: Changes['records'][number]): unknown[] => [
  path.identity,
  path.dataset,
  record.key,
  record.syncCount,
  record.modifiedAt,
  record.modifiedBy,
  record.deviceModifiedAt,
  record.value,
]

const markerValues = ({ path, marker }: Changes['markers'][number]): unknown[] => [
  marker.id,
  path.identity,
  path.dataset,
  marker.hash,
  marker.syncCount,
  marker.at,
  marker.by,
]

const DATASET_TABLE: Table = {
  name: 'dataset',
  columns: [
    'identity_id',
    'name',
    '"exists"',
    'sync_count',
    'deleted_at_count',
    'collected_through',
    'epoch',
    'record_count',
    'bytes',
    'created_at',
    'modified_at',
    'modified_by',
  ],
  suffix: `ON CONFLICT (identity_id, name) DO UPDATE SET "exists" = excluded."exists", sync_count = excluded.sync_count,
    deleted_at_count = excluded.deleted_at_count, collected_through = excluded.collected_through, epoch = excluded.epoch,
    record_count = excluded.record_count, bytes = excluded.bytes, created_at = excluded.created_at,
    modified_at = excluded.modified_at, modified_by = excluded.modified_by`,
}

const RECORD_TABLE: Table = {
  name: 'record',
  columns: [
    'identity_id',
    'dataset',
    '"key"',
    'sync_count',
    'modified_at',
    'modified_by',
    'device_modified_at',
    'value',
  ],
  suffix: `ON CONFLICT (identity_id, dataset, "key") DO UPDATE SET sync_count = excluded.sync_count,
    modified_at = excluded.modified_at, modified_by = excluded.modified_by,
    device_modified_at = excluded.device_modified_at, value = excluded.value`,
}

const MARKER_TABLE: Table = {
  name: 'batch_marker',
  columns: ['marker_id', 'identity_id', 'dataset', 'batch_hash', 'sync_count', 'accepted_at', 'accepted_by'],
}

// An identity without datasets answers one row, whose dataset is null.
const IDENTITIES_WITH_DATASETS = `SELECT i.identity_id AS identity, i.pool_id AS pool, ${DATASET_COLUMNS}
  FROM json_each(?) AS wanted CROSS JOIN identity AS i ON i.identity_id = wanted.value
  JOIN identity_pool AS p ON p.pool_id = i.pool_id
  LEFT JOIN dataset AS d ON d.identity_id = i.identity_id
  WHERE i.disabled_at IS NULL`

const HELD_RECORDS = `SELECT wanted."key" AS position, r.sync_count AS syncCount, octet_length(r.value) AS valueBytes
  FROM json_each(?) AS wanted CROSS JOIN record AS r
  ON r.identity_id = wanted.value ->> 0 AND r.dataset = wanted.value ->> 1 AND r."key" = wanted.value ->> 2`

const MARKERS = `SELECT marker_id AS id, batch_hash AS hash, sync_count AS syncCount, accepted_at AS at, accepted_by AS "by"
  FROM json_each(?) AS wanted CROSS JOIN batch_marker ON marker_id = wanted.value`

const CLEAR = 'DELETE FROM record WHERE identity_id = ? AND dataset = ?'

const ADD_USAGE = `INSERT INTO pool_usage (pool_id, lane, datasets, records, bytes, sync_sessions, modified_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (pool_id, lane) DO UPDATE SET datasets = datasets + excluded.datasets, records = records + excluded.records,
    bytes = bytes + excluded.bytes, sync_sessions = sync_sessions + excluded.sync_sessions,
    modified_at = max(modified_at, excluded.modified_at)`
