import type { Limits } from '@satchel/protocol'
import { resolve } from 'node:path'
import { Validator } from '../validator.js'
import { ConfigFault } from './config-fault.js'
import { kafkaConfigOf, kafkaFaults, type KafkaConfig } from './kafka-config.js'
import { isLoopback } from './loopback.js'
import { normalOrigin, splitList } from './setting-checks.js'
import { redisConfigOf, redisFaults, type RedisConfig } from './redis-config.js'
import { LOG_LEVELS, Settings } from './settings.js'
import { settingRows, type SettingRow } from './settings-table.js'
import { unknownSettings } from './unknown-settings.js'

export type LogLevel = (typeof LOG_LEVELS)[number]

/** The account's own credentials. */
export type AdminCredentials = Readonly<{ accessKeyId: string; secretAccessKey: string }>

/** Everything that can be set about a server, checked. */
export type Config = Readonly<{
  host: string
  /** 0 takes a free one. */
  port: number
  /** Scheme, host and port without a slash behind; null for `listenUrl` of what is listened on. */
  publicUrl: string | null
  /** Absolute. */
  dataDir: string
  /** Of PostgreSQL, password included; null: SQLite in the data directory. */
  databaseUrl: string | null
  /** Of its streaming replica; null for none. */
  databaseReplicaUrl: string | null
  /** Connections to PostgreSQL at most. */
  databasePool: number
  /** Parts that PostgreSQL's large tables are made in; null: as they are, and whole where they are made. */
  databasePartitions: number | null
  region: string
  accountId: string
  /** null: from the data directory (`Secrets`). */
  admin: AdminCredentials | null
  /** 32 bytes; null: from the data directory (`Secrets`). */
  masterKey: Buffer | null
  /** Believed beside it. */
  otherMasterKeys: readonly Buffer[]
  /** null: no change stream. */
  kafka: KafkaConfig | null
  stream: Readonly<{
    /** How long published changes are kept. */
    retentionDays: number
    backlogRowsMax: number
    /** Whether this server publishes; else another relay reads the outbox. */
    relay: boolean
  }>
  /** null: nodes that share a database look for each other's changes themselves. */
  redis: RedisConfig | null
  /** As browsers write them, or `['*']`; null: the server's own, and on loopback every loopback origin. */
  allowedOrigins: readonly string[] | null
  /** Sockets that one address may have open. */
  socketsPerAddressMax: number
  /** Addresses and ranges. */
  trustedProxies: readonly string[]
  demo: boolean
  /** How long a server that is told to stop goes on, not ready any more. */
  drainSeconds: number
  logLevel: LogLevel
  /** Where health and metrics are served instead of on the main port; null: there. */
  adminPort: number | null
  limits: Limits
  tombstoneDays: number
  queue: Readonly<{ writesMax: number; bytesMax: number }>
}>

/** Reads the settings from the environment; throws one {@link ConfigFault} that lists every fault (SPEC O1). */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const settings = givenSettings(env)
  const faults = [
    ...faultsOfEach(settings),
    ...faultsBetween(settings),
    ...unknownSettings(
      Object.keys(env),
      settingRows.map((row) => row.name),
    ),
  ]
  if (faults.length > 0) throw new ConfigFault(faults)
  return configOf(settings)
}

/** Copies by explicit name, so nothing else in the environment can become a setting. */
function givenSettings(env: NodeJS.ProcessEnv): Settings {
  const texts = settingRows.map(({ name, fallback }) => [name, givenText(env[name]) ?? fallback] as const)
  return Object.assign(new Settings(), Object.fromEntries(texts))
}

/** What is set to nothing, as `NAME=` in an env file does, counts as not set (SPEC O2). */
function givenText(raw: string | undefined): string | undefined {
  const text = raw?.trim()
  return text === '' ? undefined : text
}

function faultsOfEach(settings: Settings): readonly string[] {
  const wrongByName = new Map(
    new Validator()
      .validateSync(settings)
      .map(({ property, constraints }) => [property, Object.values(constraints ?? {}).join('; ')]),
  )
  return settingRows.flatMap((row) => {
    const wrong = wrongByName.get(row.name)
    return wrong === undefined ? [] : [worded(row, settings[row.name], wrong)]
  })
}

const worded = (row: SettingRow, text: string | undefined, wrong: string): string =>
  `${row.name}${row.secret === true ? '' : ` (${shown(text)})`} ${wrong}. Allowed: ${row.allowed}.`

/** JSON's quotes and escapes keep a fault on one line, whatever was set. */
const shown = (text = ''): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)

function faultsBetween(settings: Settings): readonly string[] {
  const faults: string[] = []
  const { SATCHEL_ADMIN_ACCESS_KEY_ID: id, SATCHEL_ADMIN_SECRET_ACCESS_KEY: secret } = settings
  if ((id === undefined) !== (secret === undefined)) {
    const [given, missing] =
      id === undefined ? ['SECRET_ACCESS_KEY', 'ACCESS_KEY_ID'] : ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY']
    faults.push(`SATCHEL_ADMIN_${given} is set without SATCHEL_ADMIN_${missing}. Allowed: both or neither.`)
  }
  if (settings.SATCHEL_DATABASE_URL !== undefined && settings.SATCHEL_MASTER_KEY === undefined) {
    faults.push('SATCHEL_DATABASE_URL is set without SATCHEL_MASTER_KEY, which every node of a shared database needs.')
  }
  if (settings.SATCHEL_DATABASE_URL === undefined && settings.SATCHEL_DATABASE_PARTITIONS !== undefined) {
    faults.push('SATCHEL_DATABASE_PARTITIONS is set without SATCHEL_DATABASE_URL; SQLite has no partitions.')
  }
  if (settings.SATCHEL_DATABASE_URL === undefined && settings.SATCHEL_DATABASE_REPLICA_URL !== undefined) {
    faults.push('SATCHEL_DATABASE_REPLICA_URL is set without SATCHEL_DATABASE_URL, whose replica it is.')
  }
  if (settings.SATCHEL_ADMIN_PORT === settings.SATCHEL_PORT && settings.SATCHEL_PORT !== '0') {
    faults.push(
      `SATCHEL_ADMIN_PORT and SATCHEL_PORT are both ${shown(settings.SATCHEL_PORT)}. Allowed: two different ports.`,
    )
  }
  const dataset = Number(settings.SATCHEL_LIMIT_BYTES_PER_DATASET)
  const identity = Number(settings.SATCHEL_LIMIT_BYTES_PER_IDENTITY)
  if (dataset > identity) {
    faults.push(
      `SATCHEL_LIMIT_BYTES_PER_DATASET (${dataset}) is above SATCHEL_LIMIT_BYTES_PER_IDENTITY (${identity}), so no dataset could reach it.`,
    )
  }
  const queue = Number(settings.SATCHEL_QUEUE_BYTES)
  if (queue < 2 * dataset) {
    faults.push(
      `SATCHEL_QUEUE_BYTES (${queue}) is less than twice SATCHEL_LIMIT_BYTES_PER_DATASET (${dataset}), so an update of a whole dataset might never find room.`,
    )
  }
  return [...faults, ...kafkaFaults(settings), ...redisFaults(settings)]
}

/** Of a server that has others beside it: two looks of a balancer that looks each second. */
const DRAIN_SECONDS = 2

function configOf(settings: Settings): Config {
  const { SATCHEL_ADMIN_ACCESS_KEY_ID: accessKeyId, SATCHEL_ADMIN_SECRET_ACCESS_KEY: secretAccessKey } = settings
  const { SATCHEL_PUBLIC_URL: publicUrl, SATCHEL_MASTER_KEY: masterKey, SATCHEL_ADMIN_PORT: adminPort } = settings
  const { SATCHEL_DATABASE_PARTITIONS: partitions, SATCHEL_OTHER_MASTER_KEYS: otherMasterKeys = '' } = settings
  const { SATCHEL_ALLOWED_ORIGINS: origins, SATCHEL_HOST: host, SATCHEL_DEMO: demo } = settings
  return {
    host,
    port: Number(settings.SATCHEL_PORT),
    publicUrl: publicUrl === undefined ? null : new URL(publicUrl).origin,
    dataDir: resolve(settings.SATCHEL_DATA_DIR),
    databaseUrl: settings.SATCHEL_DATABASE_URL ?? null,
    databaseReplicaUrl: settings.SATCHEL_DATABASE_REPLICA_URL ?? null,
    databasePool: Number(settings.SATCHEL_DATABASE_POOL),
    databasePartitions: partitions === undefined ? null : Number(partitions),
    region: settings.SATCHEL_REGION,
    accountId: settings.SATCHEL_ACCOUNT_ID,
    admin: accessKeyId === undefined || secretAccessKey === undefined ? null : { accessKeyId, secretAccessKey },
    masterKey: masterKey === undefined ? null : Buffer.from(masterKey, 'base64'),
    otherMasterKeys: splitList(otherMasterKeys).map((key) => Buffer.from(key, 'base64')),
    kafka: kafkaConfigOf(settings),
    stream: {
      retentionDays: Number(settings.SATCHEL_STREAM_RETENTION_DAYS),
      backlogRowsMax: Number(settings.SATCHEL_STREAM_BACKLOG_ROWS),
      relay: settings.SATCHEL_STREAM_RELAY === 'on',
    },
    redis: redisConfigOf(settings),
    allowedOrigins: origins === undefined ? null : splitList(origins).map((origin) => normalOrigin(origin) ?? origin),
    socketsPerAddressMax: Number(settings.SATCHEL_SOCKETS_PER_ADDRESS),
    trustedProxies: splitList(settings.SATCHEL_TRUSTED_PROXIES ?? ''),
    demo: demo === undefined ? isLoopback(host) : demo === 'on',
    drainSeconds: Number(
      settings.SATCHEL_DRAIN_SECONDS ?? (settings.SATCHEL_DATABASE_URL === undefined ? 0 : DRAIN_SECONDS),
    ),
    logLevel: LOG_LEVELS.find((level) => level === settings.SATCHEL_LOG_LEVEL) ?? 'info',
    adminPort: adminPort === undefined ? null : Number(adminPort),
    limits: {
      recordsPerDatasetMax: Number(settings.SATCHEL_LIMIT_RECORDS_PER_DATASET),
      bytesPerDatasetMax: Number(settings.SATCHEL_LIMIT_BYTES_PER_DATASET),
      datasetsPerIdentityMax: Number(settings.SATCHEL_LIMIT_DATASETS_PER_IDENTITY),
      bytesPerIdentityMax: Number(settings.SATCHEL_LIMIT_BYTES_PER_IDENTITY),
    },
    tombstoneDays: Number(settings.SATCHEL_TOMBSTONE_DAYS),
    queue: {
      writesMax: Number(settings.SATCHEL_QUEUE_WRITES),
      bytesMax: Number(settings.SATCHEL_QUEUE_BYTES),
    },
  }
}
