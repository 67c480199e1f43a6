import type { DatasetName, IdentityId, IdentityPoolId, RecordKey, SyncCount } from '@satchel/protocol'
import type { BatchMarker } from '../../../domain/batch-marker.js'
import type { Dataset } from '../../../domain/dataset.js'
import type { DatasetWrite } from '../../../domain/dataset-write.js'
import type { HeldRecord } from '../../../domain/held-record.js'
import type { StreamTarget } from '../../../domain/stream-target.js'
import { datasetKey, type Loaded } from '../../../domain/working-set.js'
import { streamTargetFromJson } from '../../pool-json.js'
import { DATASET_COLUMNS, datasetOf, type DatasetRow } from '../dataset-row.js'
import { textArray } from './array-literal.js'
import type { Transaction } from './connections.js'
import { prepared } from './prepared.js'
import { wholeNumbersOf } from './wire-types.js'

type IdentityRow = Readonly<{ identity: IdentityId; pool: IdentityPoolId; streamTarget: string | null }>
type StoredDataset = DatasetRow & Readonly<{ identity: IdentityId }>
/** Where each key stands in what was asked for, from 1 on; each record's count, and its bytes. Null where none is stored. */
type HeldLists = readonly [
  places: readonly number[],
  syncCounts: readonly SyncCount[],
  valueBytes: readonly (number | null)[],
]
type NothingHeld = readonly [places: null, syncCounts: null, valueBytes: null]
type LoadedRow = Readonly<{
  epochBase: number
  datasets: readonly StoredDataset[] | null
  held: HeldLists | NothingHeld
  markers: readonly BatchMarker[] | null
}>

/**
 * Locks the identities of a group of writes and loads what it touches, in one trip. The second statement sees what was committed before the locks were had,
 * and nothing of it can change any more.
 */
export async function load(transaction: Transaction, writes: readonly DatasetWrite[]): Promise<Loaded> {
  const identities = textArray([...new Set(writes.map(({ path }) => path.identity))])
  const updates = writes.filter((write) => write.kind === 'update')
  const keys = updates.flatMap(({ path, batch }) => batch.map(({ key }) => ({ path, key })))
  const [locked, [loaded]] = await Promise.all([
    transaction.query<IdentityRow>(LOCK, [identities]),
    transaction.query<LoadedRow>(LOAD, [
      identities,
      textArray(keys.map(({ path }) => path.identity)),
      textArray(keys.map(({ path }) => path.dataset)),
      textArray(keys.map(({ key }) => key)),
      textArray(updates.map(({ path }) => path.identity)),
      textArray(updates.map(({ origin }) => origin.id)),
    ]),
  ])
  const { epochBase, datasets, held, markers } = loaded!
  return {
    epochBase,
    pools: new Map(locked.map(({ identity, pool }) => [identity, pool])),
    targets: targetsOf(locked),
    datasets: byIdentity(datasets ?? []),
    records: byDataset(held, keys),
    markers: new Map((markers ?? []).map((marker) => [marker.id, wholeNumbersOf(marker)])),
  }
}

function targetsOf(locked: readonly IdentityRow[]): ReadonlyMap<IdentityPoolId, StreamTarget> {
  const targets = new Map<IdentityPoolId, StreamTarget>()
  for (const { pool, streamTarget } of locked) {
    if (streamTarget !== null && !targets.has(pool)) targets.set(pool, streamTargetFromJson(streamTarget))
  }
  return targets
}

function byIdentity(rows: readonly StoredDataset[]): Loaded['datasets'] {
  const datasets = new Map<IdentityId, Map<DatasetName, Dataset>>()
  for (const row of rows) {
    const byName = datasets.get(row.identity) ?? new Map<DatasetName, Dataset>()
    datasets.set(row.identity, byName.set(row.name, datasetOf(wholeNumbersOf(row))))
  }
  return datasets
}

function byDataset(
  [places, syncCounts, valueBytes]: HeldLists | NothingHeld,
  keys: readonly Readonly<{ path: DatasetWrite['path']; key: RecordKey }>[],
): Loaded['records'] {
  const records = new Map<string, Map<RecordKey, HeldRecord>>()
  if (places === null) return records
  for (const [index, place] of places.entries()) {
    const { path, key } = keys[place - 1]!
    const name = datasetKey(path)
    const byKey = records.get(name) ?? new Map<RecordKey, HeldRecord>()
    records.set(name, byKey.set(key, { syncCount: syncCounts[index]!, valueBytes: valueBytes[index]! }))
  }
  return records
}

// Rows are locked in the order of their ids, whoever locks several: one after the other, since the inner query stays by itself. Asked for by `= ANY` instead,
// a plan that serves every list looks into each part of a divided table. OFFSET 0: a plan that was made while there was one pool must not begin with the pools, or
// it would lock everybody anew for each of those that came since.
const LOCK = prepared(`SELECT i.identity_id AS identity, i.pool_id AS pool, p.stream_target AS "streamTarget"
  FROM (SELECT identity_id FROM unnest($1::text[]) AS wanted (identity_id) ORDER BY identity_id COLLATE "C") AS wanted
  CROSS JOIN LATERAL (SELECT identity_id, pool_id FROM identity
    WHERE identity.identity_id = wanted.identity_id AND identity.disabled_at IS NULL FOR NO KEY UPDATE) AS i
  CROSS JOIN LATERAL (SELECT stream_target FROM identity_pool WHERE identity_pool.pool_id = i.pool_id OFFSET 0) AS p`)

// All of it in one row, as JSON: statements of their own would each cost a commit about as much as finding what they answer. OFFSET 0 keeps each look-up one
// by key, whatever the planner thinks of the tables' sizes.
const LOAD = prepared(`SELECT (SELECT epoch_base FROM history) AS "epochBase",
  (SELECT json_agg(found) FROM (
    SELECT d.identity_id AS identity, ${DATASET_COLUMNS}
    FROM unnest($1::text[]) AS wanted (identity_id)
    CROSS JOIN LATERAL (SELECT * FROM dataset WHERE dataset.identity_id = wanted.identity_id OFFSET 0) AS d) AS found) AS datasets,
  (SELECT json_build_array(json_agg(wanted.place), json_agg(r.sync_count), json_agg(r.bytes))
    FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS wanted (identity_id, dataset, "key", place)
    CROSS JOIN LATERAL (SELECT sync_count, octet_length(value) AS bytes FROM record
      WHERE record.identity_id = wanted.identity_id AND record.dataset = wanted.dataset AND record."key" = wanted."key" OFFSET 0) AS r) AS held,
  (SELECT json_agg(found) FROM (
    SELECT m.marker_id AS id, m.batch_number AS number, m.batch_hash AS hash, m.sync_count AS "syncCount", m.accepted_at AS at,
      m.accepted_by AS "by"
    FROM unnest($5::text[], $6::text[]) AS wanted (identity_id, marker_id)
    CROSS JOIN LATERAL (SELECT * FROM batch_marker
      WHERE batch_marker.identity_id = wanted.identity_id AND batch_marker.marker_id = wanted.marker_id OFFSET 0) AS m) AS found) AS markers`)
