import type { StoreFigures } from '../../../ops/metrics.js'
import type { Stores } from '../../stores.js'
import { WITHOUT_LINKS, type StreamStorage } from '../../stream-storage.js'
import type { LeaseTime } from './lease-time.js'
import { PostgresBulkPublishStore } from './postgres-bulk-publish-store.js'
import { PostgresChangeLog } from './postgres-change-log.js'
import { PostgresDatabase, type PostgresOptions, type Statements } from './postgres-database.js'
import { PostgresDatasetStore } from './postgres-dataset-store.js'
import { PostgresIdentityStore } from './postgres-identity-store.js'
import { PostgresLeaseStore } from './postgres-lease-store.js'
import { PostgresOutboxStore } from './postgres-outbox-store.js'
import { PostgresPoolStore } from './postgres-pool-store.js'
import { PostgresSigningKeyStore } from './postgres-signing-key-store.js'
import { prepared } from './prepared.js'

/** From so many identities on they are estimated: counting reads each. */
const IDENTITIES_COUNTED_MAX = 100_000

/** Opens a PostgreSQL database with all its stores; rejects with a sentence when it cannot be used. */
export async function openPostgresStores(
  options: PostgresOptions,
  streams: StreamStorage = WITHOUT_LINKS,
  leaseTime: LeaseTime = 'database',
): Promise<Stores> {
  const database = await PostgresDatabase.open(options)
  return {
    datasets: new PostgresDatasetStore(database, streams),
    identities: new PostgresIdentityStore(database),
    pools: new PostgresPoolStore(database, options.clock),
    signingKeys: new PostgresSigningKeyStore(database),
    outbox: new PostgresOutboxStore(database.background, leaseTime, database),
    leases: new PostgresLeaseStore(database.background, leaseTime),
    bulkPublishes: new PostgresBulkPublishStore(database.background, streams),
    changeLog: new PostgresChangeLog(database),
    probe: () => database.background.query(PROBE),
    figures: () => figuresOf(database.background),
    connections: () => database.figures(),
    warnings: database.warnings,
    close: () => database.close(),
  }
}

/** Datasets and records are counted as they are written. */
async function figuresOf(database: Statements): Promise<StoreFigures> {
  const [[written], [estimated]] = await Promise.all([
    database.query<Omit<StoreFigures, 'identities'>>(WRITTEN),
    database.query<{ identities: number }>(ESTIMATED),
  ])
  if (estimated!.identities > IDENTITIES_COUNTED_MAX) return { ...written!, identities: estimated!.identities }
  const [counted] = await database.query<{ identities: number }>(COUNTED, [2 * IDENTITIES_COUNTED_MAX])
  return { ...written!, identities: counted!.identities }
}

const PROBE = prepared('SELECT epoch_base FROM history')

const WRITTEN =
  prepared(`SELECT coalesce(sum(datasets), 0)::bigint AS datasets, coalesce(sum(records), 0)::bigint AS records,
  coalesce(sum(bytes), 0)::bigint AS "storedBytes", pg_database_size(current_database()) AS "databaseBytes" FROM pool_usage`)

const ESTIMATED = prepared(`SELECT coalesce(sum(reltuples), 0)::bigint AS identities FROM pg_class
  WHERE reltuples > 0 AND (oid = 'identity'::regclass AND relkind = 'r'
    OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'identity'::regclass))`)

const COUNTED = prepared('SELECT count(*) AS identities FROM (SELECT 1 FROM identity LIMIT $1) AS first_ones')
