import {
  isMergedFrom,
  type DatasetName,
  type DatasetPath,
  type IdentityId,
  type IdentityPoolId,
  type Limits,
  type SyncRecord,
} from '@satchel/protocol'
import { absentDataset, type Dataset } from '../../domain/dataset.js'
import type { DatasetWrite, WriteOutcome } from '../../domain/dataset-write.js'
import type { Usage } from '../../domain/usage.js'
import { patched } from '../../domain/held-record.js'
import type { DatasetStore, ListRequest, Listing, PoolUsage } from '../dataset-store.js'
import { DATASET_COLUMNS, datasetOf, type DatasetRow } from './dataset-row.js'
import { addPoolUsage } from './pool-usage.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { beginEpoch, collectTombstones, forgetDeviceMarkers, forgetMarkers, purge } from './sqlite-housekeeping.js'
import type { ThreadOutcome } from './thread-work.js'

/** Keeps datasets in SQLite: commits in their own thread, other writes through the lane, reads through the read-only connection. */
export class SqliteDatasetStore implements DatasetStore {
  readonly lanes = 1

  constructor(
    private readonly database: SqliteDatabase,
    private readonly publicUrl: () => string | null = () => null,
  ) {}

  async commit(writes: readonly DatasetWrite[], limits: Limits): Promise<readonly WriteOutcome[]> {
    const outcomes = await this.database.inThread('commit', { writes, limits, publicUrl: this.publicUrl() })
    return outcomes.map((outcome, index) => withRecords(outcome, writes[index]!))
  }

  async read({ identity, dataset }: DatasetPath): Promise<Dataset> {
    const [row] = await this.query<DatasetRow>(READ, [identity, dataset])
    return row === undefined ? absentDataset(dataset) : datasetOf(row)
  }

  async readSeveral(identity: IdentityId, names: readonly DatasetName[]): Promise<readonly Dataset[]> {
    const rows = await this.query<DatasetRow>(READ_SEVERAL, [JSON.stringify(names), identity])
    const found = new Map(rows.map((row) => [row.name, datasetOf(row)]))
    return names.map((name) => found.get(name) ?? absentDataset(name))
  }

  /**
   * Statements on the read connection are single readings; a commit may fall between two of them. The dataset's
   * count tells: if it is the same before and after, nothing happened in between.
   */
  async list(path: DatasetPath, request: ListRequest): Promise<Listing> {
    for (;;) {
      const { dataset, mergedNames } = await this.readWithMerged(path)
      const through = request.through ?? dataset.syncCount
      const { after, limit } = request
      if (after.syncCount >= through && after.key === null) return { dataset, mergedNames, records: [], remaining: 0 }
      const range = [path.identity, path.dataset, through, after.syncCount, after.syncCount, after.key]
      const records = await this.query<SyncRecord>(RECORDS, [...range, limit])
      const [total] = records.length < limit ? [] : await this.query<{ count: number }>(COUNT_RECORDS, range)
      const seenAgain = await this.read(path)
      if (seenAgain.syncCount !== dataset.syncCount || seenAgain.collectedThrough !== dataset.collectedThrough) continue
      return { dataset, mergedNames, records, remaining: (total?.count ?? records.length) - records.length }
    }
  }

  async hasMarker(_identity: IdentityId, id: string): Promise<boolean> {
    return (await this.query('SELECT 1 FROM batch_marker WHERE marker_id = ?', [id])).length > 0
  }

  async listDatasets(
    identity: IdentityId,
    page: Readonly<{ after: string; limit: number }>,
  ): Promise<readonly Dataset[]> {
    return (await this.query<DatasetRow>(LIST_DATASETS, [identity, page.after, page.limit])).map(datasetOf)
  }

  async identityUsage(identity: IdentityId): Promise<Readonly<{ usage: Usage; modifiedAt: number }>> {
    const [row] = await this.query<Usage & { modifiedAt: number }>(IDENTITY_USAGE, [identity])
    const { datasets, records, bytes, modifiedAt } = row!
    return { usage: { datasets, records, bytes }, modifiedAt }
  }

  async poolUsage(pool: IdentityPoolId): Promise<PoolUsage> {
    const [row] = await this.query<Usage & { syncSessions: number; modifiedAt: number }>(POOL_USAGE, [pool])
    const { datasets, records, bytes, syncSessions, modifiedAt } = row!
    return { pool, usage: { datasets, records, bytes }, syncSessions, modifiedAt }
  }

  addSyncSessions(opened: ReadonlyMap<IdentityPoolId, number>): Promise<void> {
    return this.database.lane.transaction(async (runner) => {
      for (const [pool, syncSessions] of opened) {
        await addPoolUsage(runner, pool, { datasets: 0, records: 0, bytes: 0, syncSessions, at: 0 })
      }
    })
  }

  collectTombstones(range: Readonly<{ before: number; limit: number }>): Promise<number> {
    return this.database.lane.transaction((runner) => collectTombstones(runner, range))
  }

  forgetMarkers(range: Readonly<{ below: string; limit: number }>): Promise<number> {
    return this.database.lane.transaction((runner) => forgetMarkers(runner, range))
  }

  forgetDeviceMarkers(range: Readonly<{ before: number; limit: number }>): Promise<number> {
    return this.database.lane.transaction((runner) => forgetDeviceMarkers(runner, range))
  }

  purge(limit: number): Promise<number> {
    return this.database.lane.transaction((runner) => purge(runner, limit))
  }

  beginEpoch(at: number): Promise<number> {
    return this.database.lane.transaction((runner) => beginEpoch(runner, at))
  }

  private async readWithMerged(path: DatasetPath): Promise<Pick<Listing, 'dataset' | 'mergedNames'>> {
    // From the name itself to the last that begins with it and a dot: '/' is what follows '.'.
    const rows = await this.query<DatasetRow>(READ_WITH_MERGED, [path.identity, path.dataset, `${path.dataset}/`])
    let dataset = absentDataset(path.dataset)
    const mergedNames: DatasetName[] = []
    for (const row of rows) {
      if (row.name === path.dataset) dataset = datasetOf(row)
      else if (Boolean(row.exists) && isMergedFrom(row.name, path.dataset)) mergedNames.push(row.name)
    }
    return { dataset, mergedNames }
  }

  private query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return this.database.reads.query(sql, parameters) as Promise<Row[]>
  }
}

function withRecords(outcome: ThreadOutcome, write: DatasetWrite): WriteOutcome {
  if (outcome.kind !== 'accepted') return outcome
  if (write.kind !== 'update') throw new Error(`a ${write.kind} was answered as an accepted batch`)
  const { dataset } = outcome
  const { at, by } = write
  return { ...outcome, written: write.batch.map((patch) => patched(patch, { syncCount: dataset.syncCount, at, by })) }
}

const READ = `SELECT ${DATASET_COLUMNS} FROM dataset AS d WHERE d.identity_id = ? AND d.name = ?`

const READ_SEVERAL = `SELECT ${DATASET_COLUMNS} FROM json_each(?) AS wanted
  CROSS JOIN dataset AS d ON d.identity_id = ? AND d.name = wanted.value`

const READ_WITH_MERGED = `SELECT ${DATASET_COLUMNS} FROM dataset AS d
  WHERE d.identity_id = ? AND d.name >= ? AND d.name < ? ORDER BY d.name`

const LIST_DATASETS = `SELECT ${DATASET_COLUMNS} FROM dataset AS d
  WHERE d.identity_id = ? AND d.name > ? AND d."exists" = 1 ORDER BY d.name LIMIT ?`

const RANGE = `FROM record WHERE identity_id = ? AND dataset = ? AND sync_count <= ?
  AND (sync_count > ? OR (sync_count = ? AND "key" > ?))`

const RECORDS = `SELECT "key", value, sync_count AS syncCount, modified_at AS modifiedAt, modified_by AS modifiedBy,
  device_modified_at AS deviceModifiedAt ${RANGE} ORDER BY sync_count, "key" LIMIT ?`

const COUNT_RECORDS = `SELECT count(*) AS count ${RANGE}`

const IDENTITY_USAGE = `SELECT coalesce(sum("exists"), 0) AS datasets, coalesce(sum(record_count), 0) AS records,
  coalesce(sum(bytes), 0) AS bytes, coalesce(max(modified_at), 0) AS modifiedAt FROM dataset WHERE identity_id = ?`

const POOL_USAGE = `SELECT coalesce(sum(datasets), 0) AS datasets, coalesce(sum(records), 0) AS records,
  coalesce(sum(bytes), 0) AS bytes, coalesce(sum(sync_sessions), 0) AS syncSessions,
  coalesce(max(modified_at), 0) AS modifiedAt FROM pool_usage WHERE pool_id = ?`
