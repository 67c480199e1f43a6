import type { DatasetName, IdentityId, IdentityPoolId, SyncRecord } from '@satchel/protocol'
import type { Dataset } from '../../domain/dataset.js'
import { snapshotOf } from '../../domain/snapshot-of.js'
import type { BulkPublish, BulkPublishStore } from '../bulk-publish-store.js'
import { BULK_COLUMNS, bulkPublishOf, type BulkPublishRow } from './bulk-publish-row.js'
import { DATASET_COLUMNS, datasetOf, type DatasetRow } from './dataset-row.js'
import { insertOutbox, type OutboxRule } from './sqlite-outbox.js'
import type { Statements } from './statements.js'

/** Identities that one step looks at: most may have no dataset, and nothing is written meanwhile. */
const IDENTITIES_LOOKED_AT = 1_000

type Found = Readonly<{ identity: IdentityId; dataset: Dataset }>

/** See {@link BulkPublishStore.advance}; in the caller's transaction. */
export function advanceBulkPublish(
  statements: Statements,
  { pool, target, at, datasetsMax, bytesMax }: Parameters<BulkPublishStore['advance']>[0],
  outbox: OutboxRule,
): BulkPublish | null {
  const before = inProgress(statements, pool)
  if (before === null || before.complete) return before

  const { found, through, last } = look(statements, before, datasetsMax)
  const taken = upTo(bytesMax, found)
  const changes = taken.map(({ identity, dataset }) => {
    const path = { pool, identity, dataset: dataset.name }
    const records = statements.all<SyncRecord>(LIVE_RECORDS, [identity, dataset.name])
    return snapshotOf(dataset, { path, target, at, records })
  })
  const lastSeq = insertOutbox(statements, changes, outbox)

  const tookAll = taken.length === found.length && found.length < datasetsMax
  const lastTaken = taken.at(-1)
  const after =
    tookAll && !last ? ([through, ''] as const) : lastTaken && ([lastTaken.identity, lastTaken.dataset.name] as const)
  const [identity, dataset] = after ?? [before.after?.identity ?? null, before.after?.dataset ?? null]
  const firstSeq = changes.length === 0 ? 0 : lastSeq - changes.length + 1
  statements.run(NOTE, [identity, dataset, changes.length, Number(tookAll && last), firstSeq, lastSeq, pool])
  return inProgress(statements, pool)
}

function inProgress(statements: Statements, pool: IdentityPoolId): BulkPublish | null {
  const row = statements.get<BulkPublishRow>(IN_PROGRESS, [pool])
  return row === undefined ? null : bulkPublishOf(row)
}

/** The next datasets of a bounded number of identities; `through` is the last of these, and `last` true where the pool has none after it. */
function look(
  statements: Statements,
  { pool, after }: BulkPublish,
  limit: number,
): Readonly<{ found: readonly Found[]; through: string; last: boolean }> {
  const identity = after?.identity ?? ''
  const name: DatasetName | '' = after?.dataset ?? ''
  const first = name === '' ? IDENTITIES_AFTER : IDENTITIES_FROM
  const identities = statements
    .all<{ identity: string }>(first, [pool, identity, IDENTITIES_LOOKED_AT])
    .map((row) => row.identity)
  const rows = statements.all<DatasetRow & { identity: IdentityId }>(EXISTING, [
    JSON.stringify(identities),
    identity,
    name,
    limit,
  ])
  return {
    found: rows.map((row) => ({ identity: row.identity, dataset: datasetOf(row) })),
    through: identities.at(-1) ?? identity,
    last: identities.length < IDENTITIES_LOOKED_AT,
  }
}

/** Those before the one, and that one, with which they pass a number of bytes. */
function upTo(bytesMax: number, found: readonly Found[]): readonly Found[] {
  let bytes = 0
  const over = found.findIndex(({ dataset }) => (bytes += dataset.bytes) > bytesMax)
  return over === -1 ? found : found.slice(0, over + 1)
}

const IN_PROGRESS = `SELECT ${BULK_COLUMNS} FROM bulk_publish WHERE pool_id = ? AND status = 'IN_PROGRESS'`

const IDENTITIES_AFTER = `SELECT identity_id AS identity FROM identity WHERE pool_id = ? AND identity_id > ?
  ORDER BY identity_id LIMIT ?`

const IDENTITIES_FROM = IDENTITIES_AFTER.replace('>', '>=')

const EXISTING = `SELECT d.identity_id AS identity, ${DATASET_COLUMNS}
  FROM json_each(?) AS looked CROSS JOIN dataset AS d ON d.identity_id = looked.value
  WHERE d."exists" = 1 AND (d.identity_id > ? OR d.name > ?) ORDER BY looked.key, d.name LIMIT ?`

const LIVE_RECORDS = `SELECT "key", value, sync_count AS syncCount, modified_at AS modifiedAt, modified_by AS modifiedBy,
  device_modified_at AS deviceModifiedAt FROM record
  WHERE identity_id = ? AND dataset = ? AND value IS NOT NULL ORDER BY sync_count, "key"`

const NOTE = `UPDATE bulk_publish SET after_identity = ?, after_dataset = ?, datasets = datasets + ?, complete = ?,
  first_seq = CASE first_seq WHEN 0 THEN ? ELSE first_seq END, last_seq = max(last_seq, ?) WHERE pool_id = ?`
