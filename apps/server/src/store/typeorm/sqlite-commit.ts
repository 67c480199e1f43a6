import type { DatasetName, IdentityId, IdentityPoolId, Limits, RecordKey } from '@satchel/protocol'
import type { BatchMarker } from '../../domain/batch-marker.js'
import type { Dataset } from '../../domain/dataset.js'
import type { DatasetWrite, WriteOutcome } from '../../domain/dataset-write.js'
import type { HeldRecord } from '../../domain/held-record.js'
import { judgeWithin } from '../../domain/judge.js'
import type { StreamTarget } from '../../domain/stream-target.js'
import { datasetKey, WorkingSet, type Changes, type Loaded } from '../../domain/working-set.js'
import { streamTargetFromJson } from '../pool-json.js'
import { DATASET_COLUMNS, datasetOf, type DatasetRow } from './dataset-row.js'
import { insertRows, type Table } from './insert-rows.js'
import { ADD_POOL_USAGE, poolUsageValues } from './pool-usage.js'
import { insertOutbox, type OutboxRule } from './sqlite-outbox.js'
import type { Statements } from './statements.js'

type IdentityRow = Readonly<{ identity: IdentityId; pool: IdentityPoolId; streamTarget: string | null }> &
  (DatasetRow | Readonly<{ name: null }>)

/**
 * One group of writes in one transaction: loads what it touches, judges the writes in
 * turn, and stores what was accepted with a few bulk statements (W1, W2), its way into the outbox included (V1). Durable when it returns; when it throws,
 * nothing was stored.
 */
export function commitGroup(
  statements: Statements,
  { writes, limits }: Readonly<{ writes: readonly DatasetWrite[]; limits: Limits }>,
  outbox: OutboxRule,
): readonly WriteOutcome[] {
  const judge = judgeWithin(limits)
  return statements.transaction(() => {
    const working = new WorkingSet(load(statements, writes))
    const outcomes = writes.map((write) => judge(write, working))
    const changes = working.changes()
    store(statements, changes)
    insertOutbox(statements, changes.streamed, outbox)
    return outcomes
  })
}

/** Lists of ids travel as JSON, which SQLite takes apart. */
function load(statements: Statements, writes: readonly DatasetWrite[]): Loaded {
  const identities = JSON.stringify([...new Set(writes.map(({ path }) => path.identity))])
  const pools = new Map<IdentityId, IdentityPoolId>()
  const targets = new Map<IdentityPoolId, StreamTarget>()
  const datasets = new Map<IdentityId, Map<DatasetName, Dataset>>()
  for (const row of statements.all<IdentityRow>(IDENTITIES_WITH_DATASETS, [identities])) {
    pools.set(row.identity, row.pool)
    if (row.streamTarget !== null && !targets.has(row.pool)) {
      targets.set(row.pool, streamTargetFromJson(row.streamTarget))
    }
    if (row.name === null) continue
    const byName = datasets.get(row.identity)
    if (byName === undefined) datasets.set(row.identity, new Map([[row.name, datasetOf(row)]]))
    else byName.set(row.name, datasetOf(row))
  }
  const { epochBase } = statements.get<{ epochBase: number }>(EPOCH_BASE, [])!
  return {
    epochBase,
    pools,
    targets,
    datasets,
    records: loadRecords(statements, writes),
    markers: loadMarkers(statements, writes),
  }
}

function store(statements: Statements, changes: Changes): void {
  for (const { identity, dataset } of changes.cleared) statements.run(CLEAR, [identity, dataset])
  insertRows(statements, DATASET_TABLE, changes.datasets.map(datasetValues))
  insertRows(statements, RECORD_TABLE, changes.records.map(recordValues))
  insertRows(statements, MARKER_TABLE, changes.markers.map(markerValues))
  for (const [pool, { usage, at }] of changes.usage) {
    statements.run(ADD_POOL_USAGE, poolUsageValues(pool, { ...usage, syncSessions: 0, at }))
  }
}

/** A prepared look-up per key; measured, that beats one statement that takes all the keys apart from JSON. */
function loadRecords(
  statements: Statements,
  writes: readonly DatasetWrite[],
): ReadonlyMap<string, ReadonlyMap<RecordKey, HeldRecord>> {
  const records = new Map<string, Map<RecordKey, HeldRecord>>()
  for (const write of writes) {
    if (write.kind !== 'update') continue
    const { identity, dataset } = write.path
    const byKey = records.get(datasetKey(write.path)) ?? new Map<RecordKey, HeldRecord>()
    records.set(datasetKey(write.path), byKey)
    for (const { key } of write.batch) {
      const held = statements.get<HeldRecord>(HELD_RECORD, [identity, dataset, key])
      if (held !== undefined) byKey.set(key, held)
    }
  }
  return records
}

function loadMarkers(statements: Statements, writes: readonly DatasetWrite[]): ReadonlyMap<string, BatchMarker> {
  const ids = writes.flatMap((write) => (write.kind === 'update' ? [write.origin.id] : []))
  if (ids.length === 0) return new Map()
  const found = statements.all<BatchMarker>(MARKERS, [JSON.stringify(ids)])
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
  dataset.streamedEpoch,
  dataset.streamedThrough,
  dataset.streamBegun,
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
  marker.number,
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
    'streamed_epoch',
    'streamed_count',
    'stream_begun',
  ],
  suffix: `ON CONFLICT (identity_id, name) DO UPDATE SET "exists" = excluded."exists", sync_count = excluded.sync_count,
    deleted_at_count = excluded.deleted_at_count, collected_through = excluded.collected_through, epoch = excluded.epoch,
    record_count = excluded.record_count, bytes = excluded.bytes, created_at = excluded.created_at,
    modified_at = excluded.modified_at, modified_by = excluded.modified_by,
    streamed_epoch = excluded.streamed_epoch, streamed_count = excluded.streamed_count,
    stream_begun = excluded.stream_begun`,
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
  columns: [
    'marker_id',
    'identity_id',
    'dataset',
    'batch_number',
    'batch_hash',
    'sync_count',
    'accepted_at',
    'accepted_by',
  ],
  suffix: `ON CONFLICT (marker_id) DO UPDATE SET batch_number = excluded.batch_number, batch_hash = excluded.batch_hash,
    sync_count = excluded.sync_count, accepted_at = excluded.accepted_at, accepted_by = excluded.accepted_by`,
}

// An identity without datasets answers one row, whose dataset is null.
const IDENTITIES_WITH_DATASETS = `SELECT i.identity_id AS identity, i.pool_id AS pool,
  p.stream_target AS streamTarget, ${DATASET_COLUMNS}
  FROM json_each(?) AS wanted CROSS JOIN identity AS i ON i.identity_id = wanted.value
  JOIN identity_pool AS p ON p.pool_id = i.pool_id
  LEFT JOIN dataset AS d ON d.identity_id = i.identity_id
  WHERE i.disabled_at IS NULL`

const HELD_RECORD = `SELECT sync_count AS syncCount, octet_length(value) AS valueBytes
  FROM record WHERE identity_id = ? AND dataset = ? AND "key" = ?`

const MARKERS = `SELECT marker_id AS id, batch_number AS number, batch_hash AS hash, sync_count AS syncCount,
  accepted_at AS at, accepted_by AS "by"
  FROM json_each(?) AS wanted CROSS JOIN batch_marker ON marker_id = wanted.value`

const EPOCH_BASE = 'SELECT epoch_base AS epochBase FROM history'

const CLEAR = 'DELETE FROM record WHERE identity_id = ? AND dataset = ?'
