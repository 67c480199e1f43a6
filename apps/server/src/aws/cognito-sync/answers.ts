import type { IdentityId, IdentityPoolId, SyncRecord } from '@satchel/protocol'
import type { Datasets, RecordListing } from '../../datasets/datasets.js'
import { epochSeconds } from './epoch-seconds.js'

type Dataset = NonNullable<Awaited<ReturnType<Datasets['describe']>>>
type PoolUsage = Awaited<ReturnType<Datasets['poolUsage']>>
type IdentityUsage = Awaited<ReturnType<Datasets['identityUsage']>>

/** A record as the API writes it. A tombstone has no Value, which is how clients know it. */
export type RecordAnswer = {
  Key: string
  Value?: string
  SyncCount: number
  LastModifiedDate: number
  LastModifiedBy: string
  DeviceLastModifiedDate?: number
}

export function recordAnswer(record: SyncRecord): RecordAnswer {
  const answer: RecordAnswer = {
    Key: record.key,
    SyncCount: record.syncCount,
    LastModifiedDate: epochSeconds(record.modifiedAt),
    LastModifiedBy: record.modifiedBy,
  }
  if (record.value !== null) answer.Value = record.value
  if (record.deviceModifiedAt !== null) answer.DeviceLastModifiedDate = epochSeconds(record.deviceModifiedAt)
  return answer
}

/** A page of records. Members that clients read without looking are always there (F9). */
export const listRecordsAnswer = (listing: RecordListing & { kind: 'listed' }) => ({
  Records: listing.records.map(recordAnswer),
  Count: listing.records.length,
  DatasetSyncCount: listing.syncCount,
  DatasetExists: listing.exists,
  DatasetDeletedAfterRequestedSyncCount: listing.deletedSince,
  MergedDatasetNames: listing.mergedNames,
  SyncSessionToken: listing.sessionToken,
  ...(listing.modifiedBy === null ? {} : { LastModifiedBy: listing.modifiedBy }),
  ...(listing.nextToken === null ? {} : { NextToken: listing.nextToken }),
})

export const datasetAnswer = (identity: IdentityId, dataset: Dataset) => ({
  IdentityId: identity,
  DatasetName: dataset.name,
  CreationDate: epochSeconds(dataset.createdAt),
  LastModifiedDate: epochSeconds(dataset.modifiedAt),
  LastModifiedBy: dataset.modifiedBy,
  DataStorage: dataset.bytes,
  NumRecords: dataset.recordCount,
})

export const identityUsageAnswer = (
  { pool, identity }: Readonly<{ pool: IdentityPoolId; identity: IdentityId }>,
  { usage, modifiedAt }: IdentityUsage,
) => ({
  IdentityId: identity,
  IdentityPoolId: pool,
  DatasetCount: usage.datasets,
  DataStorage: usage.bytes,
  ...whenever('LastModifiedDate', modifiedAt),
})

export const poolUsageAnswer = ({ pool, usage, syncSessions, modifiedAt }: PoolUsage) => ({
  IdentityPoolId: pool,
  SyncSessionsCount: syncSessions,
  DataStorage: usage.bytes,
  ...whenever('LastModifiedDate', modifiedAt),
})

/** A time that may never have been is left out rather than null (F9). */
const whenever = (name: string, ms: number): Readonly<Record<string, number>> =>
  ms === 0 ? {} : { [name]: epochSeconds(ms) }
