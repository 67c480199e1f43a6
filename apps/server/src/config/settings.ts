import { AWS_LIMITS } from '@satchel/protocol'
import {
  brokers,
  certificatesFile,
  kafkaClientId,
  SASL_MECHANISMS,
  saslText,
  topicPrefix,
} from './kafka-setting-checks.js'
import { redisUrls } from './redis-setting-checks.js'
import {
  accountId,
  accessKeyId,
  Checked,
  databaseUrl,
  host,
  masterKey,
  otherMasterKeys,
  oneOf,
  origins,
  port,
  publicUrl,
  region,
  secretAccessKey,
  trustedProxies,
  wholeNumber,
} from './setting-checks.js'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export const SWITCH = ['on', 'off'] as const

/** Highest value of each limit that this server was built for; AWS's own value is the lowest (SPEC O5). */
export const LIMITS_MAX = {
  recordsPerDataset: 100_000,
  bytesPerDataset: 100 * 1_048_576,
  datasetsPerIdentity: 10_000,
  bytesPerIdentity: 10_240 * 1_048_576,
} as const

/** Fewer leave none for reading, beside those for commits. */
export const DATABASE_POOL_MIN = 6
export const DATABASE_POOL_MAX = 1_000
export const DATABASE_PARTITIONS_MAX = 1_024
/** More would leave too little of the ten seconds in which a server stops (F18). */
export const DRAIN_SECONDS_MAX = 5
export const TOMBSTONE_DAYS_MAX = 36_500
export const STREAM_RETENTION_DAYS_MAX = 3_650
export const STREAM_BACKLOG_ROWS_MAX = 1_000_000_000
export const QUEUE_WRITES_MAX = 1_000_000
/** Sockets of all addresses; so some connections are left for HTTP. */
export const SOCKETS_MAX = 8_000
export const QUEUE_BYTES_MIN = 2 * AWS_LIMITS.bytesPerDatasetMax
export const QUEUE_BYTES_MAX = 16_384 * 1_048_576

/**
 * Every setting as the text that was given for it, or its default, each with the check it has to pass.
 * What they mean and default to stands in `settings-table.ts`.
 */
export class Settings {
  @Checked(host) SATCHEL_HOST!: string
  @Checked(port) SATCHEL_PORT!: string
  @Checked(publicUrl) SATCHEL_PUBLIC_URL?: string
  SATCHEL_DATA_DIR!: string
  @Checked(databaseUrl) SATCHEL_DATABASE_URL?: string
  @Checked(databaseUrl) SATCHEL_DATABASE_REPLICA_URL?: string
  @Checked(wholeNumber(DATABASE_POOL_MIN, DATABASE_POOL_MAX)) SATCHEL_DATABASE_POOL!: string
  @Checked(wholeNumber(0, DATABASE_PARTITIONS_MAX)) SATCHEL_DATABASE_PARTITIONS?: string
  @Checked(region) SATCHEL_REGION!: string
  @Checked(accountId) SATCHEL_ACCOUNT_ID!: string
  @Checked(accessKeyId) SATCHEL_ADMIN_ACCESS_KEY_ID?: string
  @Checked(secretAccessKey) SATCHEL_ADMIN_SECRET_ACCESS_KEY?: string
  @Checked(masterKey) SATCHEL_MASTER_KEY?: string
  @Checked(otherMasterKeys) SATCHEL_OTHER_MASTER_KEYS?: string
  @Checked(brokers) SATCHEL_KAFKA_BROKERS?: string
  @Checked(oneOf(SWITCH)) SATCHEL_KAFKA_TLS!: string
  @Checked(certificatesFile) SATCHEL_KAFKA_TLS_CA_FILE?: string
  @Checked(oneOf(SASL_MECHANISMS)) SATCHEL_KAFKA_SASL_MECHANISM?: string
  @Checked(saslText) SATCHEL_KAFKA_SASL_USERNAME?: string
  @Checked(saslText) SATCHEL_KAFKA_SASL_PASSWORD?: string
  @Checked(kafkaClientId) SATCHEL_KAFKA_CLIENT_ID!: string
  @Checked(topicPrefix) SATCHEL_KAFKA_TOPIC_PREFIX?: string
  @Checked(wholeNumber(1, STREAM_RETENTION_DAYS_MAX)) SATCHEL_STREAM_RETENTION_DAYS!: string
  @Checked(wholeNumber(1, STREAM_BACKLOG_ROWS_MAX)) SATCHEL_STREAM_BACKLOG_ROWS!: string
  @Checked(oneOf(SWITCH)) SATCHEL_STREAM_RELAY!: string
  @Checked(redisUrls) SATCHEL_REDIS_URL?: string
  @Checked(origins) SATCHEL_ALLOWED_ORIGINS?: string
  @Checked(wholeNumber(1, SOCKETS_MAX)) SATCHEL_SOCKETS_PER_ADDRESS!: string
  @Checked(trustedProxies) SATCHEL_TRUSTED_PROXIES?: string
  @Checked(oneOf(SWITCH)) SATCHEL_DEMO?: string
  @Checked(wholeNumber(0, DRAIN_SECONDS_MAX)) SATCHEL_DRAIN_SECONDS?: string
  @Checked(oneOf(LOG_LEVELS)) SATCHEL_LOG_LEVEL!: string
  @Checked(port) SATCHEL_ADMIN_PORT?: string
  @Checked(wholeNumber(AWS_LIMITS.recordsPerDatasetMax, LIMITS_MAX.recordsPerDataset))
  SATCHEL_LIMIT_RECORDS_PER_DATASET!: string
  @Checked(wholeNumber(AWS_LIMITS.bytesPerDatasetMax, LIMITS_MAX.bytesPerDataset))
  SATCHEL_LIMIT_BYTES_PER_DATASET!: string
  @Checked(wholeNumber(AWS_LIMITS.datasetsPerIdentityMax, LIMITS_MAX.datasetsPerIdentity))
  SATCHEL_LIMIT_DATASETS_PER_IDENTITY!: string
  @Checked(wholeNumber(AWS_LIMITS.bytesPerIdentityMax, LIMITS_MAX.bytesPerIdentity))
  SATCHEL_LIMIT_BYTES_PER_IDENTITY!: string
  @Checked(wholeNumber(1, TOMBSTONE_DAYS_MAX)) SATCHEL_TOMBSTONE_DAYS!: string
  @Checked(wholeNumber(1, QUEUE_WRITES_MAX)) SATCHEL_QUEUE_WRITES!: string
  @Checked(wholeNumber(QUEUE_BYTES_MIN, QUEUE_BYTES_MAX)) SATCHEL_QUEUE_BYTES!: string
}

export type SettingName = keyof Settings
