import type { Stores } from '../../stores.js'
import { WITHOUT_LINKS, type StreamStorage } from '../../stream-storage.js'
import type { LeaseTime } from './lease-time.js'
import { NO_NODE } from './node-name.js'
import { nodesAtWork } from './nodes-at-work.js'
import { PostgresBulkPublishStore } from './postgres-bulk-publish-store.js'
import { PostgresChangeLog } from './postgres-change-log.js'
import { LANES, PostgresDatabase, type PostgresOptions } from './postgres-database.js'
import { PostgresDatasetStore } from './postgres-dataset-store.js'
import { readFigures } from './postgres-figures.js'
import { PostgresIdentityStore } from './postgres-identity-store.js'
import { PostgresLeaseStore } from './postgres-lease-store.js'
import { PostgresOutboxStore } from './postgres-outbox-store.js'
import { PostgresPoolStore } from './postgres-pool-store.js'
import { PostgresReplica } from './postgres-replica.js'
import { PostgresSigningKeyStore } from './postgres-signing-key-store.js'
import { prepared } from './prepared.js'

/** Opens a PostgreSQL database with all its stores; rejects with a sentence when it cannot be used. */
export async function openPostgresStores(
  options: PostgresOptions,
  streams: StreamStorage = WITHOUT_LINKS,
  leaseTime: LeaseTime = 'database',
): Promise<Stores> {
  const database = await PostgresDatabase.open(options)
  const { replicaUrl: url = null, connections, clock, node: name = NO_NODE } = options
  const replica = url === null ? null : new PostgresReplica(database, clock, { url, max: connections - LANES, name })
  return {
    datasets: new PostgresDatasetStore(database, streams, replica),
    identities: new PostgresIdentityStore(database),
    pools: new PostgresPoolStore(database, options.clock),
    signingKeys: new PostgresSigningKeyStore(database),
    outbox: new PostgresOutboxStore(database.background, leaseTime, database),
    leases: new PostgresLeaseStore(database.background, leaseTime),
    bulkPublishes: new PostgresBulkPublishStore(database.background, streams),
    changeLog: new PostgresChangeLog(database),
    probe: () => database.background.query(PROBE),
    figures: () => readFigures(database.background),
    connections: () => database.figures(),
    otherNodes: () => nodesAtWork(database.background, name),
    ...(replica === null ? {} : { listings: () => replica.figures() }),
    warnings: database.warnings,
    close: async () => {
      await Promise.all([database.close(), replica?.close()])
    },
  }
}

const PROBE = prepared('SELECT epoch_base FROM history')
