import { isMergedFrom, type DatasetName, type DatasetPath, type SyncRecord } from '@satchel/protocol'
import { absentDataset } from '../../../domain/dataset.js'
import type { ListRequest, Listing } from '../../dataset-store.js'
import { DATASET_COLUMNS, datasetOf, type DatasetRow } from '../dataset-row.js'
import type { Transaction } from './connections.js'
import { prepared } from './prepared.js'

/** Reads a piece of a dataset within one snapshot, of whichever server; `found` is told the dataset and those merged from it, and may reject. */
export async function readListing(
  snapshot: Pick<Transaction, 'query'>,
  { identity, dataset: name }: DatasetPath,
  { after, through, limit }: ListRequest,
  found: (rows: readonly DatasetRow[]) => Promise<void> = () => Promise.resolve(),
): Promise<Listing> {
  const range = [identity, name, through, after.syncCount, after.key]
  const [rows, records] = await Promise.all([
    snapshot.query<DatasetRow>(READ_WITH_MERGED, [identity, ...namesFrom(name)]),
    snapshot.query<SyncRecord>(RECORDS, [...range, limit]),
  ])
  await found(rows)
  const [total] = records.length < limit ? [] : await snapshot.query<{ count: number }>(COUNT_RECORDS, range)
  return {
    dataset: rows.filter((row) => row.name === name).map(datasetOf)[0] ?? absentDataset(name),
    mergedNames: rows.filter((row) => row.exists && isMergedFrom(row.name, name)).map((row) => row.name),
    records,
    remaining: (total?.count ?? records.length) - records.length,
  }
}

/** From the name itself to the last that begins with it and a dot: '/' is what follows '.'. */
export const namesFrom = (name: DatasetName): readonly [string, string] => [name, `${name}/`]

const READ_WITH_MERGED = prepared(`SELECT ${DATASET_COLUMNS} FROM dataset AS d
  WHERE d.identity_id = $1 AND d.name >= $2 AND d.name < $3 ORDER BY d.name`)

const RANGE = `FROM record WHERE identity_id = $1 AND dataset = $2
  AND sync_count <= coalesce($3::bigint, (SELECT sync_count FROM dataset WHERE identity_id = $1 AND name = $2))
  AND (sync_count > $4 OR (sync_count = $4 AND "key" > $5::text))`

const RECORDS =
  prepared(`SELECT "key", value, sync_count AS "syncCount", modified_at AS "modifiedAt", modified_by AS "modifiedBy",
  device_modified_at AS "deviceModifiedAt" ${RANGE} ORDER BY sync_count, "key" LIMIT $6`)

const COUNT_RECORDS = prepared(`SELECT count(*) AS count ${RANGE}`)
