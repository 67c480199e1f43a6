/** What one dataset and one identity may hold (SPEC L1–L4). Every size is in UTF-8 bytes of key plus value. */
export type Limits = Readonly<{
  recordsPerDatasetMax: number
  bytesPerDatasetMax: number
  datasetsPerIdentityMax: number
  bytesPerIdentityMax: number
}>

/** The limits of the AWS service; a server may be configured upwards from here, never below. */
export const AWS_LIMITS: Limits = {
  recordsPerDatasetMax: 1_024,
  bytesPerDatasetMax: 1_048_576,
  datasetsPerIdentityMax: 20,
  bytesPerIdentityMax: 20 * 1_048_576,
}

/** Longest record key, in characters (AWS: RecordKey). */
export const RECORD_KEY_LENGTH_MAX = 1_024

/** Longest record value, in characters (AWS: RecordValue). */
export const RECORD_VALUE_LENGTH_MAX = 1_048_575

/** Longest name an app may give a dataset, in characters (AWS: DatasetName). */
export const DATASET_NAME_LENGTH_MAX = 128

/** Longest identity or pool id, in characters (AWS: IdentityId). */
export const ID_LENGTH_MAX = 55

/** Longest device id, in characters (AWS: DeviceId). */
export const DEVICE_ID_LENGTH_MAX = 256
