import type { DatasetName, IdentityId, SyncRecord } from '@satchel/protocol'
import type { Dataset } from '../../../domain/dataset.js'
import { snapshotOf } from '../../../domain/snapshot-of.js'
import type { BulkPublish, BulkPublishStore } from '../../bulk-publish-store.js'
import { BULK_COLUMNS, bulkPublishOf, type BulkPublishRow } from '../bulk-publish-row.js'
import { DATASET_COLUMNS, datasetOf, type DatasetRow } from '../dataset-row.js'
import type { Transaction } from './connections.js'
import { insertOutbox, type OutboxRule } from './postgres-outbox-insert.js'
import { prepared } from './prepared.js'

/** Identities that one step looks at: most may have no dataset. */
const IDENTITIES_LOOKED_AT = 1_000

type Found = Readonly<{ identity: IdentityId; dataset: Dataset }>

/**
 * See {@link BulkPublishStore.advance}; in the caller's transaction. The identities whose datasets are copied are locked as a commit locks them, so that each
 * snapshot has its place in the outbox between the changes before and after it.
 */
export async function advanceBulkPublish(
  transaction: Transaction,
  { pool, target, at, datasetsMax, bytesMax }: Parameters<BulkPublishStore['advance']>[0],
  outbox: OutboxRule,
): Promise<BulkPublish | null> {
  const [row] = await transaction.query<BulkPublishRow>(LOCK, [pool])
  if (row === undefined) return null
  const before = bulkPublishOf(row)
  if (before.complete) return before

  const { found, through, last, isWhole } = await look(transaction, before, datasetsMax)
  const taken = upTo(bytesMax, found)
  const recordsOf = await liveRecords(transaction, taken)
  const changes = taken.map(({ identity, dataset }, place) => {
    const path = { pool, identity, dataset: dataset.name }
    return snapshotOf(dataset, { path, target, at, records: recordsOf.get(place + 1) ?? [] })
  })
  const [place] = await transaction.query<{ next: number }>(NEXT_PLACE)
  const lastSeq = await insertOutbox(transaction, changes, outbox)

  const tookAll = isWhole && taken.length === found.length
  const lastTaken = taken.at(-1)
  const after =
    tookAll && !last ? ([through, ''] as const) : lastTaken && ([lastTaken.identity, lastTaken.dataset.name] as const)
  const [identity, dataset] = after ?? [before.after?.identity ?? null, before.after?.dataset ?? null]
  const firstSeq = changes.length === 0 ? 0 : place!.next
  const noted = [pool, identity, dataset, changes.length, tookAll && last, firstSeq, lastSeq]
  return bulkPublishOf((await transaction.query<BulkPublishRow>(NOTE, noted))[0]!)
}

/**
 * The next datasets of a bounded number of identities, which are then locked; `through` is the last of these, `last` true where the pool has none after
 * it, and `isWhole` where all of their datasets are there.
 */
async function look(
  transaction: Transaction,
  { pool, after }: BulkPublish,
  limit: number,
): Promise<Readonly<{ found: readonly Found[]; through: string; last: boolean; isWhole: boolean }>> {
  const identity = after?.identity ?? ''
  const name: DatasetName | '' = after?.dataset ?? ''
  const values = [pool, identity, name === '', IDENTITIES_LOOKED_AT]
  const looked = (await transaction.query<{ identity: string }>(IDENTITIES, values)).map((row) => row.identity)
  const existing = (identities: readonly string[]) =>
    transaction.query<DatasetRow & { identity: IdentityId }>(EXISTING, [identities, identity, name, limit])
  const seen = await existing(looked)
  const owners = [...new Set(seen.map((row) => row.identity))]
  // Once more behind the lock: what was seen before it may have been written to.
  await transaction.run(LOCK_IDENTITIES, [owners])
  const rows = owners.length === 0 ? [] : await existing(owners)
  return {
    found: rows.map((row) => ({ identity: row.identity, dataset: datasetOf(row) })),
    through: looked.at(-1) ?? identity,
    last: looked.length < IDENTITIES_LOOKED_AT,
    isWhole: seen.length < limit && rows.length < limit,
  }
}

/** Those before the one, and that one, with which they pass a number of bytes. */
function upTo(bytesMax: number, found: readonly Found[]): readonly Found[] {
  let bytes = 0
  const over = found.findIndex(({ dataset }) => (bytes += dataset.bytes) > bytesMax)
  return over === -1 ? found : found.slice(0, over + 1)
}

/** The records of datasets by their place, 1 for the first. */
async function liveRecords(
  transaction: Transaction,
  datasets: readonly Found[],
): Promise<ReadonlyMap<number, readonly SyncRecord[]>> {
  const rows = await transaction.query<SyncRecord & { place: number }>(LIVE_RECORDS, [
    datasets.map(({ identity }) => identity),
    datasets.map(({ dataset }) => dataset.name),
  ])
  const byPlace = new Map<number, SyncRecord[]>()
  for (const { place, ...record } of rows) {
    const records = byPlace.get(place)
    if (records === undefined) byPlace.set(place, [record])
    else records.push(record)
  }
  return byPlace
}

const LOCK = prepared(
  `SELECT ${BULK_COLUMNS} FROM bulk_publish WHERE pool_id = $1 AND status = 'IN_PROGRESS' FOR UPDATE`,
)

const IDENTITIES = prepared(`SELECT identity_id AS identity FROM identity
  WHERE pool_id = $1 AND identity_id >= $2 AND (identity_id > $2 OR NOT $3::boolean) ORDER BY identity_id LIMIT $4`)

const EXISTING = prepared(`SELECT d.identity_id AS identity, ${DATASET_COLUMNS}
  FROM unnest($1::text[]) WITH ORDINALITY AS looked (identity_id, place)
  CROSS JOIN LATERAL (SELECT * FROM dataset WHERE dataset.identity_id = looked.identity_id AND dataset."exists" OFFSET 0) AS d
  WHERE d.identity_id > $2 OR d.name > $3 ORDER BY looked.place, d.name LIMIT $4`)

const LOCK_IDENTITIES = prepared(
  'SELECT 1 FROM identity WHERE identity_id = ANY ($1::text[]) ORDER BY identity_id FOR NO KEY UPDATE',
)

const LIVE_RECORDS =
  prepared(`SELECT taken.place, r."key", r.value, r.sync_count AS "syncCount", r.modified_at AS "modifiedAt",
    r.modified_by AS "modifiedBy", r.device_modified_at AS "deviceModifiedAt"
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS taken (identity_id, dataset, place)
  CROSS JOIN LATERAL (SELECT * FROM record
    WHERE record.identity_id = taken.identity_id AND record.dataset = taken.dataset AND record.value IS NOT NULL OFFSET 0) AS r
  ORDER BY taken.place, r.sync_count, r."key"`)

// Others draw places too, so that those of a step need not follow each other; all of them come from here on.
const NEXT_PLACE = prepared('SELECT last_value + is_called::int AS next FROM outbox_seq')

const NOTE =
  prepared(`UPDATE bulk_publish SET after_identity = $2, after_dataset = $3, datasets = datasets + $4, complete = $5,
    first_seq = CASE first_seq WHEN 0 THEN $6 ELSE first_seq END, last_seq = greatest(last_seq, $7::bigint)
  WHERE pool_id = $1 RETURNING ${BULK_COLUMNS}`)
