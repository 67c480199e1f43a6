import type { DatasetName, IdentityId, IdentityPoolId, RecordKey, SyncRecord } from '@satchel/protocol'
import type { BatchMarker } from '../../domain/batch-marker.js'
import type { Dataset } from '../../domain/dataset.js'
import type { Usage } from '../../domain/usage.js'

export type MemoryIdentity = { pool: IdentityPoolId; createdAt: number; modifiedAt: number; disabledAt: number | null }

export type MemoryLogin = Readonly<{ pool: IdentityPoolId; provider: string; userId: string; identity: IdentityId }>

export type MemoryPool = {
  name: string
  settings: string
  roles: string
  syncSettings: string
  createdAt: number
  modifiedAt: number
}

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
}
