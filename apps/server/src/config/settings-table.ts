import { AWS_LIMITS } from '@satchel/protocol'
import { OTHER_MASTER_KEYS_MAX } from '../access/keyring.js'
import {
  KAFKA_CLIENT_ID_LENGTH_MAX,
  SASL_MECHANISMS,
  SASL_TEXT_LENGTH_MAX,
  TOPIC_PREFIX_LENGTH_MAX,
} from './kafka-setting-checks.js'
import { REGION_LENGTH_MAX, SECRET_LENGTH_MAX, SECRET_LENGTH_MIN } from './setting-checks.js'
import {
  DATABASE_PARTITIONS_MAX,
  DATABASE_POOL_MAX,
  DATABASE_POOL_MIN,
  DRAIN_SECONDS_MAX,
  LIMITS_MAX,
  LOG_LEVELS,
  QUEUE_BYTES_MAX,
  QUEUE_BYTES_MIN,
  QUEUE_WRITES_MAX,
  SOCKETS_MAX,
  STREAM_BACKLOG_ROWS_MAX,
  STREAM_RETENTION_DAYS_MAX,
  TOMBSTONE_DAYS_MAX,
  type SettingName,
} from './settings.js'

export type SettingFacts = Readonly<{
  /** The text that counts as given when none is; absent when the default is not a text. */
  fallback?: string
  /** The default in words, where there is no `fallback`. */
  otherwise?: string
  allowed: string
  meaning: string
  /** Never shown, not in a fault either. */
  secret?: true
}>

const fromTo = (min: number, max: number): string => `a whole number from ${min} to ${max}`

const words = (all: readonly string[]): string => `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`

/** What every setting means; `--help`, the README's table and the faults at start are made from it. */
export const settingsTable = {
  SATCHEL_HOST: {
    fallback: '127.0.0.1',
    allowed: 'an IP address or a host name',
    meaning: 'Where the server listens; 0.0.0.0 for every network interface.',
  },
  SATCHEL_PORT: {
    fallback: '4680',
    allowed: fromTo(0, 65_535),
    meaning: 'Port for everything clients need; 0 takes a free one and prints it.',
  },
  SATCHEL_PUBLIC_URL: {
    otherwise: 'http://<host>:<port>',
    allowed: 'http:// or https://, host and port, without a path',
    meaning: 'How clients reach the server: issuer of OpenID tokens, base of signed URLs.',
  },
  SATCHEL_DATA_DIR: {
    fallback: './data',
    allowed: 'a directory, created where it is missing',
    meaning: 'Holds the SQLite file and the generated secrets; readable by its owner only.',
  },
  SATCHEL_DATABASE_URL: {
    otherwise: 'SQLite in the data directory',
    allowed: 'postgres://user:password@host:port/database, with SATCHEL_MASTER_KEY',
    meaning: 'PostgreSQL 13 or newer, which any number of servers may share.',
    secret: true,
  },
  SATCHEL_DATABASE_REPLICA_URL: {
    otherwise: 'none',
    allowed: 'postgres://user:password@host:port/database, with SATCHEL_DATABASE_URL',
    meaning: 'A streaming replica of that database, which answers listings of large datasets where it is proved fresh.',
    secret: true,
  },
  SATCHEL_DATABASE_POOL: {
    fallback: '10',
    allowed: fromTo(DATABASE_POOL_MIN, DATABASE_POOL_MAX),
    meaning: 'Connections that this server has to PostgreSQL at most.',
  },
  SATCHEL_DATABASE_PARTITIONS: {
    otherwise: 'as the tables are; 0 for new ones',
    allowed: `${fromTo(0, DATABASE_PARTITIONS_MAX)}, the same for as long as the tables live`,
    meaning: "Parts that PostgreSQL's large tables are made in, by a hash of the identity; 0 for whole tables.",
  },
  SATCHEL_REGION: {
    fallback: 'us-east-1',
    allowed: `lower-case words joined by hyphens, at most ${REGION_LENGTH_MAX} characters`,
    meaning: 'Appears in ids, ARNs and signatures; clients have to name the same one.',
  },
  SATCHEL_ACCOUNT_ID: {
    fallback: '000000000000',
    allowed: '12 digits',
    meaning: 'Appears in ARNs and in what the account itself writes.',
  },
  SATCHEL_ADMIN_ACCESS_KEY_ID: {
    otherwise: 'generated into the data directory',
    allowed: '16 to 128 letters, digits and underscores, not beginning with ASIA; together with its secret',
    meaning: "Id of the account's own credentials, which may do everything.",
  },
  SATCHEL_ADMIN_SECRET_ACCESS_KEY: {
    otherwise: 'generated into the data directory',
    allowed: `${SECRET_LENGTH_MIN} to ${SECRET_LENGTH_MAX} printable ASCII characters; together with its id`,
    meaning: "Secret of the account's own credentials.",
    secret: true,
  },
  SATCHEL_MASTER_KEY: {
    otherwise: 'generated into the data directory',
    allowed: '32 bytes as base64, for instance from: openssl rand -base64 32',
    meaning: 'The key from which session tokens and temporary credentials are made.',
    secret: true,
  },
  SATCHEL_OTHER_MASTER_KEYS: {
    otherwise: 'none',
    allowed: `at most ${OTHER_MASTER_KEYS_MAX} keys like SATCHEL_MASTER_KEY, comma-separated`,
    meaning: 'Master keys that are believed as well while one is exchanged for another (docs/KEYS.md).',
    secret: true,
  },
  SATCHEL_KAFKA_BROKERS: {
    otherwise: 'no change stream',
    allowed: 'host:port, comma-separated',
    meaning: 'Brokers of the Kafka that changes are published to; some of them are enough to find the others.',
  },
  SATCHEL_KAFKA_TLS: { fallback: 'off', allowed: 'on or off', meaning: 'Whether Kafka is spoken to by TLS.' },
  SATCHEL_KAFKA_TLS_CA_FILE: {
    otherwise: 'the authorities that Node knows',
    allowed: 'a file of certificates in PEM form; with SATCHEL_KAFKA_TLS on',
    meaning: "Authorities that vouch for the brokers' certificates, instead of the known ones.",
  },
  SATCHEL_KAFKA_SASL_MECHANISM: {
    otherwise: 'no login',
    allowed: `${words(SASL_MECHANISMS)}; together with user name and password`,
    meaning: 'How to log in to Kafka.',
  },
  SATCHEL_KAFKA_SASL_USERNAME: {
    otherwise: 'no login',
    allowed: `at most ${SASL_TEXT_LENGTH_MAX} characters; together with mechanism and password`,
    meaning: 'Who logs in to Kafka.',
  },
  SATCHEL_KAFKA_SASL_PASSWORD: {
    otherwise: 'no login',
    allowed: `at most ${SASL_TEXT_LENGTH_MAX} characters; together with mechanism and user name`,
    meaning: 'Password for Kafka.',
    secret: true,
  },
  SATCHEL_KAFKA_CLIENT_ID: {
    fallback: 'satchel',
    allowed: `1 to ${KAFKA_CLIENT_ID_LENGTH_MAX} letters, digits, dots, hyphens and underscores`,
    meaning: "The name by which Kafka's quotas and logs know this server.",
  },
  SATCHEL_KAFKA_TOPIC_PREFIX: {
    otherwise: 'none',
    allowed: `1 to ${TOPIC_PREFIX_LENGTH_MAX} letters, digits, dots, hyphens and underscores`,
    meaning: "Stands before a stream's name in the name of its topic.",
  },
  SATCHEL_STREAM_RETENTION_DAYS: {
    fallback: '7',
    allowed: fromTo(1, STREAM_RETENTION_DAYS_MAX),
    meaning: 'Days for which published changes, and the records that links lead to, are kept here.',
  },
  SATCHEL_STREAM_BACKLOG_ROWS: {
    fallback: '10000000',
    allowed: fromTo(1, STREAM_BACKLOG_ROWS_MAX),
    meaning: 'Changes that may wait for Kafka; beyond them the streams are switched off and writing goes on.',
  },
  SATCHEL_STREAM_RELAY: {
    fallback: 'on',
    allowed: 'on or off',
    meaning: 'off leaves publishing to another reader of the outbox table, for instance Debezium.',
  },
  SATCHEL_REDIS_URL: {
    otherwise: 'nodes look for changes of others themselves',
    allowed:
      'redis://user:password@host:port or rediss://, with SATCHEL_DATABASE_URL; several, comma-separated, for a Redis Cluster',
    meaning: 'Redis 7 or newer, through which the nodes of a site tell each other of changes at once.',
    secret: true,
  },
  SATCHEL_ALLOWED_ORIGINS: {
    otherwise: "the server's own; on loopback every loopback origin too",
    allowed: 'origins such as https://app.example.com, comma-separated, or * for all',
    meaning: 'Pages that browsers let talk to the server.',
  },
  SATCHEL_SOCKETS_PER_ADDRESS: {
    fallback: '1000',
    allowed: fromTo(1, SOCKETS_MAX),
    meaning:
      'Sockets that one address may have open; behind a proxy that is not trusted all of them come from its address.',
  },
  SATCHEL_TRUSTED_PROXIES: {
    otherwise: 'none',
    allowed: 'IP addresses and ranges such as 10.0.0.0/8 or fd00::/8, comma-separated',
    meaning: 'Proxies that are believed where they say, in X-Forwarded-For, from which address a client came.',
  },
  SATCHEL_DEMO: {
    otherwise: 'on while listening on loopback, else off',
    allowed: 'on or off',
    meaning: 'Serves the demo page at / and sees that a pool named demo, open to guests, exists.',
  },
  SATCHEL_DRAIN_SECONDS: {
    otherwise: '2 with SATCHEL_DATABASE_URL, else 0',
    allowed: fromTo(0, DRAIN_SECONDS_MAX),
    meaning: 'How long a server that is told to stop goes on, not ready any more, so that load balancers notice.',
  },
  SATCHEL_LOG_LEVEL: {
    fallback: 'info',
    allowed: words(LOG_LEVELS),
    meaning: 'The least important lines that are still logged.',
  },
  SATCHEL_ADMIN_PORT: {
    otherwise: 'the main port answers them',
    allowed: fromTo(0, 65_535),
    meaning: 'Serves /health and /metrics on a port of their own, and there only.',
  },
  SATCHEL_LIMIT_RECORDS_PER_DATASET: {
    fallback: String(AWS_LIMITS.recordsPerDatasetMax),
    allowed: fromTo(AWS_LIMITS.recordsPerDatasetMax, LIMITS_MAX.recordsPerDataset),
    meaning: 'Live records that a dataset may hold.',
  },
  SATCHEL_LIMIT_BYTES_PER_DATASET: {
    fallback: String(AWS_LIMITS.bytesPerDatasetMax),
    allowed: fromTo(AWS_LIMITS.bytesPerDatasetMax, LIMITS_MAX.bytesPerDataset),
    meaning: 'Bytes of keys and values that a dataset may hold.',
  },
  SATCHEL_LIMIT_DATASETS_PER_IDENTITY: {
    fallback: String(AWS_LIMITS.datasetsPerIdentityMax),
    allowed: fromTo(AWS_LIMITS.datasetsPerIdentityMax, LIMITS_MAX.datasetsPerIdentity),
    meaning: 'Datasets that an identity may have.',
  },
  SATCHEL_LIMIT_BYTES_PER_IDENTITY: {
    fallback: String(AWS_LIMITS.bytesPerIdentityMax),
    allowed: fromTo(AWS_LIMITS.bytesPerIdentityMax, LIMITS_MAX.bytesPerIdentity),
    meaning: "Bytes of keys and values that all of an identity's datasets may hold.",
  },
  SATCHEL_TOMBSTONE_DAYS: {
    fallback: '180',
    allowed: fromTo(1, TOMBSTONE_DAYS_MAX),
    meaning: 'Days after which the traces of removed records are collected.',
  },
  SATCHEL_QUEUE_WRITES: {
    fallback: '4096',
    allowed: fromTo(1, QUEUE_WRITES_MAX),
    meaning: 'Writes that may wait for a commit before callers are told to come back later.',
  },
  SATCHEL_QUEUE_BYTES: {
    fallback: String(64 * 1_048_576),
    allowed: `${fromTo(QUEUE_BYTES_MIN, QUEUE_BYTES_MAX)}, at least twice the bytes of a dataset`,
    meaning: 'Bytes of such writes.',
  },
} satisfies Record<SettingName, SettingFacts>

export type SettingRow = SettingFacts & Readonly<{ name: SettingName }>

/** The table's rows in its order. */
export const settingRows: readonly SettingRow[] = Object.entries(settingsTable).map(([name, facts]) => ({
  ...facts,
  name: name as SettingName,
}))
