import type { StoreFigures } from '../ops/metrics.js'
import type { BulkPublishStore } from './bulk-publish-store.js'
import type { ChangeLog } from './change-log.js'
import type { ConnectionFigures, ConnectionKind, ListingSource } from './connection-figures.js'
import type { DatasetStore } from './dataset-store.js'
import type { IdentityStore } from './identity-store.js'
import type { LeaseStore } from './lease-store.js'
import type { OutboxStore } from './outbox-store.js'
import type { PoolStore } from './pool-store.js'
import type { SigningKeyStore } from './signing-key-store.js'

/** Everything a server keeps, over one database. */
export type Stores = Readonly<{
  datasets: DatasetStore
  identities: IdentityStore
  pools: PoolStore
  signingKeys: SigningKeyStore
  outbox: OutboxStore
  leases: LeaseStore
  bulkPublishes: BulkPublishStore
  changeLog: ChangeLog
  /** Any read; rejects when the database does not answer. */
  probe: () => Promise<unknown>
  figures: () => Promise<StoreFigures>
  /** Absent where there is no line for connections. */
  connections?: () => ReadonlyMap<ConnectionKind, ConnectionFigures>
  /** How many listings of large datasets were answered by what; absent where there is no replica. */
  listings?: () => ReadonlyMap<ListingSource, number>
  /** Other servers that are at work on the database, named so that an operator finds them; absent where there can be none. */
  otherNodes?: () => Promise<readonly string[]>
  /** Sentences for whoever starts a server on it. */
  warnings?: readonly string[]
  /** Waits for what is being written. */
  close: () => Promise<void>
}>
