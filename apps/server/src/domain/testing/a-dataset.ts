import type {
  Batch,
  DatasetName,
  DatasetPath,
  IdentityId,
  IdentityPoolId,
  RecordKey,
  SyncCount,
} from '@satchel/protocol'
import { absentDataset, type Dataset } from '../dataset.js'

export const POOL = 'us-east-1:00000000-0000-4000-8000-000000000001' as IdentityPoolId
export const OTHER_POOL = 'us-east-1:00000000-0000-4000-8000-000000000002' as IdentityPoolId
export const IDENTITY = 'us-east-1:10000000-0000-4000-8000-000000000001' as IdentityId
export const OTHER_IDENTITY = 'us-east-1:10000000-0000-4000-8000-000000000002' as IdentityId

export const path = (dataset = 'settings', identity: IdentityId = IDENTITY, pool = POOL): DatasetPath => ({
  pool,
  identity,
  dataset: dataset as DatasetName,
})

export const count = (value: number): SyncCount => value as SyncCount

export const key = (text: string): RecordKey => text as RecordKey

export const replace = (name: string, value: string, base = 0): Batch[number] => ({
  op: 'replace',
  key: key(name),
  value,
  base: count(base),
  deviceModifiedAt: null,
})

export const remove = (name: string, base: number): Batch[number] => ({
  op: 'remove',
  key: key(name),
  base: count(base),
  deviceModifiedAt: null,
})

export const aDataset = (over: Partial<Dataset> = {}): Dataset => ({
  ...absentDataset('settings' as DatasetName),
  exists: true,
  syncCount: count(7),
  epoch: 1,
  ...over,
})
