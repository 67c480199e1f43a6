import { isMergedFrom, type DatasetName, type DatasetPath, type SyncRecord } from '@satchel/protocol'
import { absentDataset } from '../../../domain/dataset.js'
import type { ListRequest, Listing } from '../../dataset-store.js'
import { DATASET_COLUMNS, datasetOf, type DatasetRow } from '../dataset-row.js'
import type { Transaction } from './connections.js'
import type { Statements } from './postgres-database.js'
import { prepared } from './prepared.js'
import { wholeNumbersOf } from './wire-types.js'

/** Reads a piece of a dataset as of one moment, most of the time with one statement. */
export async function readListing(
  database: Pick<Statements, 'query' | 'snapshot'>,
  path: DatasetPath,
  request: ListRequest,
): Promise<Listing> {
  const rows = await database.query<SyncRecord | DatasetsAsRow>(LISTING, [
    ...rangeOf(path, request),
    request.limit,
    endOfMerged(path.dataset),
  ])
  const records = rows.filter((row) => row.key !== null)
  // How many more there are has to be counted at the same moment.
  if (records.length === request.limit) {
    return database.snapshot((snapshot) => readListingWithin(snapshot, path, request))
  }
  const [datasets] = rows.filter((row) => row.key === null)
  const found = (JSON.parse(datasets!.value) as readonly DatasetRow[] | null) ?? []
  return { ...standing(path.dataset, found.map(wholeNumbersOf)), records, remaining: 0 }
}

/** Reads a piece of a dataset within a snapshot, of whichever server; `found` is told the dataset and those merged from it, and may reject. */
export async function readListingWithin(
  snapshot: Pick<Transaction, 'query'>,
  path: DatasetPath,
  request: ListRequest,
  found: (rows: readonly DatasetRow[]) => Promise<void> = () => Promise.resolve(),
): Promise<Listing> {
  const { identity, dataset: name } = path
  const range = rangeOf(path, request)
  const heads = snapshot.query<DatasetRow>(READ_WITH_MERGED, [identity, name, endOfMerged(name)])
  const [rows, records, [total]] = await Promise.all([
    heads.then(async (read) => {
      await found(read)
      return read
    }),
    snapshot.query<SyncRecord>(RECORDS, [...range, request.limit]),
    snapshot.query<{ count: number }>(COUNT_RECORDS, range),
  ])
  return { ...standing(name, rows), records, remaining: total!.count - records.length }
}

const rangeOf = (
  { identity, dataset }: DatasetPath,
  { after, through }: ListRequest,
): readonly [string, string, number | null, number, string | null] => [
  identity,
  dataset,
  through,
  after.syncCount,
  after.key,
]

/** What a listing has instead of a record in its first row. */
type DatasetsAsRow = Readonly<{ key: null; value: string }>

/** Names from the dataset's own to the last that begins with it and a dot: '/' is what follows '.'. */
export const endOfMerged = (name: DatasetName): string => `${name}/`

const standing = (name: DatasetName, found: readonly DatasetRow[]): Pick<Listing, 'dataset' | 'mergedNames'> => ({
  dataset: found.filter((row) => row.name === name).map(datasetOf)[0] ?? absentDataset(name),
  mergedNames: found.filter((row) => row.exists && isMergedFrom(row.name, name)).map((row) => row.name),
})

const RANGE = `FROM record WHERE identity_id = $1 AND dataset = $2
  AND sync_count <= coalesce($3::bigint, (SELECT sync_count FROM dataset WHERE identity_id = $1 AND name = $2))
  AND (sync_count > $4 OR (sync_count = $4 AND "key" > $5::text))`

const RECORD_COLUMNS = `"key", value, sync_count AS "syncCount", modified_at AS "modifiedAt", modified_by AS "modifiedBy",
  device_modified_at AS "deviceModifiedAt"`

const RECORDS = prepared(`SELECT ${RECORD_COLUMNS} ${RANGE} ORDER BY sync_count, "key" LIMIT $6`)

const WITH_MERGED = `SELECT ${DATASET_COLUMNS} FROM dataset AS d WHERE d.identity_id = $1 AND d.name >= $2`

const READ_WITH_MERGED = prepared(`${WITH_MERGED} AND d.name < $3 ORDER BY d.name`)

// One statement sees one moment. The first row is no record: it has no key, and the datasets as JSON in the place of the value.
const LISTING =
  prepared(`(SELECT NULL::text COLLATE "C" AS "key", coalesce(json_agg(found ORDER BY found.name)::text, 'null') AS value, -1 AS "syncCount", NULL AS "modifiedAt",
    NULL AS "modifiedBy", NULL AS "deviceModifiedAt" FROM (${WITH_MERGED} AND d.name < $7) AS found)
  UNION ALL (SELECT ${RECORD_COLUMNS} ${RANGE} ORDER BY sync_count, "key" LIMIT $6)
  ORDER BY "syncCount", "key"`)

const COUNT_RECORDS = prepared(`SELECT count(*) AS count ${RANGE}`)
