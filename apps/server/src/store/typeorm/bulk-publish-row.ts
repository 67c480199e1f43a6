import type { BulkPublish } from '../bulk-publish-store.js'

/** A bulk publish as a database answers it; SQLite has no booleans. */
export type BulkPublishRow = Omit<BulkPublish, 'after' | 'complete'> &
  Readonly<{ complete: number | boolean; afterIdentity: string | null; afterDataset: string | null }>

/** The columns of table `bulk_publish` under the names of {@link BulkPublishRow}. */
export const BULK_COLUMNS = `pool_id AS pool, status, started_at AS "startedAt", completed_at AS "completedAt", failure,
  after_identity AS "afterIdentity", after_dataset AS "afterDataset", datasets, complete, last_seq AS "lastSeq"`

export function bulkPublishOf({ complete, afterIdentity, afterDataset, ...row }: BulkPublishRow): BulkPublish {
  const after = afterIdentity === null ? null : { identity: afterIdentity, dataset: afterDataset }
  return { ...row, complete: Boolean(complete), after: after as BulkPublish['after'] }
}
