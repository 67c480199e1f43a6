import type { Brand } from './brand.js'
import { faultInTextMember } from './constraints.js'
import { DATASET_NAME_LENGTH_MAX, DEVICE_ID_LENGTH_MAX, ID_LENGTH_MAX } from './limits.js'
import { parsed, violated, type Parsed } from './violation.js'

/** Region, colon, lower-case GUID: `us-east-1:0d4f…`. Not a secret. */
export type IdentityPoolId = Brand<string, 'IdentityPoolId'>

/** One user of one identity pool; the same form as a pool's id. Not a secret, and grants nothing. */
export type IdentityId = Brand<string, 'IdentityId'>

/** The name of a dataset within its identity; a merged one is `<name>.<identity id>`. */
export type DatasetName = Brand<string, 'DatasetName'>

/** Names a device that writes; given by RegisterDevice or chosen by our own client. */
export type DeviceId = Brand<string, 'DeviceId'>

/** Where a dataset is. */
export type DatasetPath = Readonly<{ pool: IdentityPoolId; identity: IdentityId; dataset: DatasetName }>

const ID = /^[\w-]+:[0-9a-f-]+$/
const NAME = /^[a-zA-Z0-9_.:-]+$/
const MERGED_NAME = /^[a-zA-Z0-9_.:-]+\.[\w-]+:[0-9a-f-]+$/

/** A merge may lengthen a full-length name by a dot and an identity id (SPEC M2). */
export const MERGED_DATASET_NAME_LENGTH_MAX = DATASET_NAME_LENGTH_MAX + 1 + ID_LENGTH_MAX

export function parseIdentityPoolId(sent: unknown, at = 'identityPoolId'): Parsed<IdentityPoolId> {
  const fault = faultInTextMember(sent, { min: 1, max: ID_LENGTH_MAX, pattern: ID })
  return fault === null ? parsed(sent as IdentityPoolId) : violated(at, sent, fault)
}

export function parseIdentityId(sent: unknown, at = 'identityId'): Parsed<IdentityId> {
  const fault = faultInTextMember(sent, { min: 1, max: ID_LENGTH_MAX, pattern: ID })
  return fault === null ? parsed(sent as IdentityId) : violated(at, sent, fault)
}

export function parseDatasetName(sent: unknown, at = 'datasetName'): Parsed<DatasetName> {
  const fault = faultInTextMember(sent, { min: 1, max: DATASET_NAME_LENGTH_MAX, pattern: NAME })
  if (fault === null || isLongMergedName(sent)) return parsed(sent as DatasetName)
  return violated(at, sent, fault)
}

export function parseDeviceId(sent: unknown, at = 'deviceId'): Parsed<DeviceId> {
  const fault = faultInTextMember(sent, { min: 1, max: DEVICE_ID_LENGTH_MAX })
  return fault === null ? parsed(sent as DeviceId) : violated(at, sent, fault)
}

/** The name under which a dataset arrives when `from` is merged into another identity (SPEC M1). */
export const mergedDatasetName = (dataset: DatasetName, from: IdentityId): DatasetName =>
  `${dataset}.${from}` as DatasetName

/** True when `name` is what a merge made of `dataset` (SPEC M1). */
export function isMergedFrom(name: DatasetName, dataset: DatasetName): boolean {
  return name.startsWith(`${dataset}.`) && ID.test(name.slice(dataset.length + 1))
}

const isLongMergedName = (sent: unknown): boolean =>
  typeof sent === 'string' &&
  sent.length > DATASET_NAME_LENGTH_MAX &&
  sent.length <= MERGED_DATASET_NAME_LENGTH_MAX &&
  MERGED_NAME.test(sent)
