import type { DatasetName, IdentityId, IdentityPoolId, RecordKey, SyncRecord } from '@satchel/protocol'
import type { BatchMarker } from '../../domain/batch-marker.js'
import type { Dataset } from '../../domain/dataset.js'
import type { LinkedRecords, PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { StreamTarget } from '../../domain/stream-target.js'
import type { Usage } from '../../domain/usage.js'
import type { BulkPublish } from '../bulk-publish-store.js'
import type { Lease } from '../lease-store.js'
import type { ParkedStream } from '../outbox-store.js'

export type MemoryIdentity = { pool: IdentityPoolId; createdAt: number; modifiedAt: number; disabledAt: number | null }

export type MemoryLogin = Readonly<{ pool: IdentityPoolId; provider: string; userId: string; identity: IdentityId }>

export type MemoryPool = {
  name: string
  settings: string
  roles: string
  syncSettings: string
  /** What `syncSettings` make of it; null while the stream is not enabled. */
  streamTarget: StreamTarget | null
  createdAt: number
  modifiedAt: number
}

export type MemoryBulkPublish = BulkPublish & Readonly<{ firstSeq: number }>

/** The tables of the in-memory adapters; what SqliteDatabase is to the others. Nothing outlives the process. */
export class MemoryDatabase {
  /** See `Loaded.epochBase`. */
  epochBase = 0
  readonly pools = new Map<IdentityPoolId, MemoryPool>()
  readonly identities = new Map<IdentityId, MemoryIdentity>()
  readonly logins: MemoryLogin[] = []
  readonly doomedIdentities = new Map<IdentityId, IdentityPoolId>()
  readonly doomedPools = new Set<IdentityPoolId>()
  readonly datasets = new Map<IdentityId, Map<DatasetName, Dataset>>()
  /** By `datasetKey`. */
  readonly records = new Map<string, Map<RecordKey, SyncRecord>>()
  readonly markers = new Map<string, BatchMarker>()
  readonly usage = new Map<IdentityPoolId, { usage: Usage; syncSessions: number; modifiedAt: number }>()
  /** Highest place that was given in the outbox. */
  lastSeq = 0
  /** By place, ascending. */
  readonly outbox = new Map<number, PlacedOutboxRow>()
  /** Places. */
  readonly unpublished = new Set<number>()
  /** By event id. */
  readonly linked = new Map<string, LinkedRecords>()
  readonly leases = new Map<string, Lease>()
  readonly parkedStreams = new Map<string, ParkedStream>()
  readonly bulkPublishes = new Map<IdentityPoolId, MemoryBulkPublish>()
}
