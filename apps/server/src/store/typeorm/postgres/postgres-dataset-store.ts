import {
  type DatasetName,
  type DatasetPath,
  type IdentityId,
  type IdentityPoolId,
  type Limits,
} from '@satchel/protocol'
import { absentDataset, type Dataset } from '../../../domain/dataset.js'
import type { DatasetWrite, WriteOutcome } from '../../../domain/dataset-write.js'
import { NO_USAGE, type Usage } from '../../../domain/usage.js'
import type { DatasetStore, ListRequest, Listing, PoolUsage } from '../../dataset-store.js'
import { linkMaker, WITHOUT_LINKS, type StreamStorage } from '../../stream-storage.js'
import { DATASET_COLUMNS, datasetOf, type DatasetRow } from '../dataset-row.js'
import { readListing } from './listing-statements.js'
import { commitGroup } from './postgres-commit.js'
import { LANES, type PostgresDatabase } from './postgres-database.js'
import { beginEpoch, collectTombstones, purge } from './postgres-housekeeping.js'
import { FORGET_DEVICE_MARKERS, FORGET_MARKERS } from './postgres-markers.js'
import { addPoolUsage } from './postgres-pool-usage.js'
import type { PostgresReplica } from './postgres-replica.js'
import { prepared } from './prepared.js'

/** Keeps datasets in PostgreSQL, which any number of servers may share. */
export class PostgresDatasetStore implements DatasetStore {
  readonly lanes = LANES

  constructor(
    private readonly database: PostgresDatabase,
    private readonly streams: StreamStorage = WITHOUT_LINKS,
    private readonly replica: PostgresReplica | null = null,
  ) {}

  commit(writes: readonly DatasetWrite[], limits: Limits): Promise<readonly WriteOutcome[]> {
    const { relay, linkKey, publicUrl } = this.streams
    const rule = { relay, link: linkMaker(linkKey, publicUrl()) }
    return this.database.commit((transaction) => commitGroup(transaction, { writes, limits }, rule))
  }

  async read({ identity, dataset }: DatasetPath): Promise<Dataset> {
    const [row] = await this.database.query<DatasetRow>(READ, [identity, dataset])
    return row === undefined ? absentDataset(dataset) : datasetOf(row)
  }

  async readSeveral(identity: IdentityId, names: readonly DatasetName[]): Promise<readonly Dataset[]> {
    const rows = await this.database.query<DatasetRow>(READ_SEVERAL, [identity, names])
    const found = new Map(rows.map((row) => [row.name, datasetOf(row)]))
    return names.map((name) => found.get(name) ?? absentDataset(name))
  }

  async list(path: DatasetPath, request: ListRequest): Promise<Listing> {
    return (await this.replica?.list(path, request)) ?? readListing(this.database, path, request)
  }

  async hasMarker(identity: IdentityId, id: string): Promise<boolean> {
    return (await this.database.query(HAS_MARKER, [identity, id])).length > 0
  }

  async listDatasets(
    identity: IdentityId,
    { after, limit }: Readonly<{ after: string; limit: number }>,
  ): Promise<readonly Dataset[]> {
    return (await this.database.query<DatasetRow>(LIST_DATASETS, [identity, after, limit])).map(datasetOf)
  }

  async identityUsage(identity: IdentityId): Promise<Readonly<{ usage: Usage; modifiedAt: number }>> {
    const [row] = await this.database.query<Usage & { modifiedAt: number }>(IDENTITY_USAGE, [identity])
    const { datasets, records, bytes, modifiedAt } = row!
    return { usage: { datasets, records, bytes }, modifiedAt }
  }

  async poolUsage(pool: IdentityPoolId): Promise<PoolUsage> {
    const [row] = await this.database.query<Usage & { syncSessions: number; modifiedAt: number }>(POOL_USAGE, [pool])
    const { datasets, records, bytes, syncSessions, modifiedAt } = row!
    return { pool, usage: { datasets, records, bytes }, syncSessions, modifiedAt }
  }

  async addSyncSessions(opened: ReadonlyMap<IdentityPoolId, number>): Promise<void> {
    const moved = [...opened].map(([pool, syncSessions]) => [pool, { ...NO_USAGE, syncSessions, at: 0 }] as const)
    await this.database.background.transaction((transaction) => addPoolUsage(transaction, new Map(moved)))
  }

  collectTombstones(range: Readonly<{ before: number; limit: number }>): Promise<number> {
    return this.database.background.transaction((transaction) => collectTombstones(transaction, range))
  }

  forgetMarkers({ below, limit }: Readonly<{ below: string; limit: number }>): Promise<number> {
    return this.database.background.transaction((transaction) => transaction.run(FORGET_MARKERS, [below, limit]))
  }

  forgetDeviceMarkers({ before, limit }: Readonly<{ before: number; limit: number }>): Promise<number> {
    return this.database.background.transaction((transaction) =>
      transaction.run(FORGET_DEVICE_MARKERS, [before, limit]),
    )
  }

  purge(limit: number): Promise<number> {
    return this.database.background.transaction((transaction) => purge(transaction, limit))
  }

  beginEpoch(at: number): Promise<number> {
    return this.database.background.transaction((transaction) => beginEpoch(transaction, at))
  }
}

const READ = prepared(`SELECT ${DATASET_COLUMNS} FROM dataset AS d WHERE d.identity_id = $1 AND d.name = $2`)

const READ_SEVERAL = prepared(
  `SELECT ${DATASET_COLUMNS} FROM dataset AS d WHERE d.identity_id = $1 AND d.name = ANY ($2::text[])`,
)

const LIST_DATASETS = prepared(`SELECT ${DATASET_COLUMNS} FROM dataset AS d
  WHERE d.identity_id = $1 AND d.name > $2 AND d."exists" ORDER BY d.name LIMIT $3`)

const HAS_MARKER = prepared('SELECT 1 FROM batch_marker WHERE identity_id = $1 AND marker_id = $2')

const IDENTITY_USAGE =
  prepared(`SELECT count(*) FILTER (WHERE "exists") AS datasets, coalesce(sum(record_count), 0)::bigint AS records,
  coalesce(sum(bytes), 0)::bigint AS bytes, coalesce(max(modified_at), 0) AS "modifiedAt" FROM dataset WHERE identity_id = $1`)

const POOL_USAGE =
  prepared(`SELECT coalesce(sum(datasets), 0)::bigint AS datasets, coalesce(sum(records), 0)::bigint AS records,
  coalesce(sum(bytes), 0)::bigint AS bytes, coalesce(sum(sync_sessions), 0)::bigint AS "syncSessions",
  coalesce(max(modified_at), 0) AS "modifiedAt" FROM pool_usage WHERE pool_id = $1`)
