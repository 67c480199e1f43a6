import { createHash } from 'node:crypto'
import type { Keyring } from '../access/keyring.js'
import type { AdminCredentials, Config } from './config.js'
import type { RedisConfig } from './redis-config.js'
import type { SettingName } from './settings.js'

export type SharedSettings = Readonly<{
  config: Config
  keyring: Pick<Keyring, 'fingerprints'>
  admin: Pick<AdminCredentials, 'accessKeyId'>
  /** How clients reach this node, given or not. */
  publicUrl: string
}>

/**
 * A text that is the same at nodes whose settings are alike where they have to be, made of a digest for each: of what is in force, not of what was
 * typed. No secret goes into it, and no password: master keys do by their fingerprints.
 */
export function markOf(settings: SharedSettings): string {
  return Object.entries(valuesOf(settings))
    .map(([name, value]) => `${name}=${createHash('sha256').update(value).digest('base64url').slice(0, DIGEST_LENGTH)}`)
    .join(' ')
}

/** The settings in which two marks differ. What only one of them knows, being of another version, is left out. */
export function differing(one: string, other: string): readonly string[] {
  const known = new Map(pairsOf(other))
  return pairsOf(one).flatMap(([name, digest]) => ((known.get(name) ?? digest) === digest ? [] : [name]))
}

/** 48 bits, enough to tell two values apart. */
const DIGEST_LENGTH = 8

const pairsOf = (mark: string) => mark.split(' ').map((pair) => pair.split('=') as [string, string | undefined])

function valuesOf({ config, keyring, admin, publicUrl }: SharedSettings) {
  const { limits, kafka, stream, redis, allowedOrigins } = config
  const [masterKey, ...otherMasterKeys] = keyring.fingerprints
  return {
    SATCHEL_PUBLIC_URL: publicUrl,
    SATCHEL_REGION: config.region,
    SATCHEL_ACCOUNT_ID: config.accountId,
    SATCHEL_ADMIN_ACCESS_KEY_ID: admin.accessKeyId,
    SATCHEL_MASTER_KEY: masterKey,
    SATCHEL_OTHER_MASTER_KEYS: otherMasterKeys.sort().join(),
    // Each node may begin with other brokers of one Kafka; that one of them has none is what differs.
    SATCHEL_KAFKA_BROKERS: kafka === null ? '' : 'some',
    SATCHEL_KAFKA_TOPIC_PREFIX: kafka?.topicPrefix ?? '',
    SATCHEL_STREAM_RETENTION_DAYS: String(stream.retentionDays),
    SATCHEL_STREAM_BACKLOG_ROWS: String(stream.backlogRowsMax),
    SATCHEL_REDIS_URL: redisOf(redis),
    SATCHEL_ALLOWED_ORIGINS: allowedOrigins === null ? '' : [...allowedOrigins].sort().join(),
    SATCHEL_LIMIT_RECORDS_PER_DATASET: String(limits.recordsPerDatasetMax),
    SATCHEL_LIMIT_BYTES_PER_DATASET: String(limits.bytesPerDatasetMax),
    SATCHEL_LIMIT_DATASETS_PER_IDENTITY: String(limits.datasetsPerIdentityMax),
    SATCHEL_LIMIT_BYTES_PER_IDENTITY: String(limits.bytesPerIdentityMax),
    SATCHEL_TOMBSTONE_DAYS: String(config.tombstoneDays),
  } satisfies Partial<Record<SettingName, string>>
}

/** Each node may begin with other nodes of one cluster. */
const redisOf = (redis: RedisConfig | null): string =>
  redis === null ? '' : redis.nodes.length > 1 ? 'cluster' : JSON.stringify(redis.nodes)
