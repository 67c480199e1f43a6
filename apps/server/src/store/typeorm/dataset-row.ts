import type { Dataset } from '../../domain/dataset.js'

/** A dataset as databases answer it: SQLite has no booleans. */
export type DatasetRow = Omit<Dataset, 'exists'> & Readonly<{ exists: number | boolean }>

/** The columns of table `dataset d` under the names of {@link Dataset}. */
export const DATASET_COLUMNS = `d.name, d."exists", d.sync_count AS "syncCount", d.deleted_at_count AS "deletedAt",
  d.collected_through AS "collectedThrough", d.epoch, d.record_count AS "recordCount", d.bytes,
  d.created_at AS "createdAt", d.modified_at AS "modifiedAt", d.modified_by AS "modifiedBy",
  d.streamed_epoch AS "streamedEpoch", d.streamed_count AS "streamedThrough", d.stream_begun AS "streamBegun"`

export const datasetOf = (row: DatasetRow): Dataset => ({
  name: row.name,
  exists: Boolean(row.exists),
  syncCount: row.syncCount,
  deletedAt: row.deletedAt,
  collectedThrough: row.collectedThrough,
  epoch: row.epoch,
  createdAt: row.createdAt,
  modifiedAt: row.modifiedAt,
  modifiedBy: row.modifiedBy,
  recordCount: row.recordCount,
  bytes: row.bytes,
  streamedEpoch: row.streamedEpoch,
  streamedThrough: row.streamedThrough,
  streamBegun: row.streamBegun,
})
