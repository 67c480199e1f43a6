import { AWS_LIMITS } from '@satchel/protocol'
import { resolve } from 'node:path'
import { readConfig, type Config } from './config.js'
import { settingRows } from './settings-table.js'
import { A_KEY, A_SECRET } from './testing/valid-settings.js'

test('[O2] without any setting the defaults hold', () => {
  expect(readConfig({})).toEqual<Config>({
    host: '127.0.0.1',
    port: 4680,
    publicUrl: null,
    dataDir: resolve('data'),
    databaseUrl: null,
    databaseReplicaUrl: null,
    databasePool: 10,
    databasePartitions: null,
    region: 'us-east-1',
    accountId: '000000000000',
    admin: null,
    masterKey: null,
    otherMasterKeys: [],
    kafka: null,
    stream: { retentionDays: 7, backlogRowsMax: 10_000_000, relay: true },
    redis: null,
    allowedOrigins: null,
    demo: true,
    drainSeconds: 0,
    logLevel: 'info',
    adminPort: null,
    limits: AWS_LIMITS,
    socketsPerAddressMax: 1_000,
    trustedProxies: [],
    tombstoneDays: 180,
    queue: { writesMax: 4096, bytesMax: 67_108_864 },
  })
})

test('[O2] an empty or blank variable counts as not set', () => {
  const blank = Object.fromEntries(settingRows.map(({ name }, index) => [name, ' '.repeat(index % 3)]))
  expect(readConfig(blank)).toEqual(readConfig({}))
})

test('every setting is read', () => {
  const config = readConfig({
    PATH: '/usr/bin',
    SATCHEL_HOST: '0.0.0.0',
    SATCHEL_PORT: '0',
    SATCHEL_PUBLIC_URL: 'https://Sync.Example.com:443/',
    SATCHEL_DATA_DIR: '/var/lib/satchel',
    SATCHEL_REGION: 'eu-central-1',
    SATCHEL_ACCOUNT_ID: '123456789012',
    SATCHEL_ADMIN_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    SATCHEL_ADMIN_SECRET_ACCESS_KEY: A_SECRET,
    SATCHEL_MASTER_KEY: A_KEY,
    SATCHEL_OTHER_MASTER_KEYS: [8, 9].map((byte) => Buffer.alloc(32, byte).toString('base64')).join(' , '),
    SATCHEL_KAFKA_BROKERS: 'a.example:9092, 127.0.0.1:9093,',
    SATCHEL_KAFKA_TLS: 'on',
    SATCHEL_KAFKA_SASL_MECHANISM: 'scram-sha-512',
    SATCHEL_KAFKA_SASL_USERNAME: 'app',
    SATCHEL_KAFKA_SASL_PASSWORD: 'a secret, with spaces',
    SATCHEL_KAFKA_CLIENT_ID: 'satchel-7',
    SATCHEL_KAFKA_TOPIC_PREFIX: 'prod.',
    SATCHEL_STREAM_RETENTION_DAYS: '14',
    SATCHEL_STREAM_BACKLOG_ROWS: '500',
    SATCHEL_STREAM_RELAY: 'off',
    SATCHEL_ALLOWED_ORIGINS: 'https://App.Example.com, http://localhost:80,capacitor://localhost,',
    SATCHEL_DEMO: 'on',
    SATCHEL_LOG_LEVEL: 'debug',
    SATCHEL_ADMIN_PORT: '0',
    SATCHEL_LIMIT_RECORDS_PER_DATASET: '2048',
    SATCHEL_LIMIT_BYTES_PER_DATASET: '2097152',
    SATCHEL_LIMIT_DATASETS_PER_IDENTITY: '40',
    SATCHEL_LIMIT_BYTES_PER_IDENTITY: '83886080',
    SATCHEL_SOCKETS_PER_ADDRESS: '12',
    SATCHEL_TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::1,',
    SATCHEL_TOMBSTONE_DAYS: '30',
    SATCHEL_DRAIN_SECONDS: '3',
    SATCHEL_QUEUE_WRITES: '10',
    SATCHEL_QUEUE_BYTES: '8388608',
  })
  expect(config).toEqual<Config>({
    host: '0.0.0.0',
    port: 0,
    publicUrl: 'https://sync.example.com',
    dataDir: '/var/lib/satchel',
    databaseUrl: null,
    databaseReplicaUrl: null,
    databasePool: 10,
    databasePartitions: null,
    region: 'eu-central-1',
    accountId: '123456789012',
    admin: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: A_SECRET },
    masterKey: Buffer.alloc(32, 7),
    otherMasterKeys: [Buffer.alloc(32, 8), Buffer.alloc(32, 9)],
    kafka: {
      brokers: ['a.example:9092', '127.0.0.1:9093'],
      tls: { ca: null },
      sasl: { mechanism: 'scram-sha-512', username: 'app', password: 'a secret, with spaces' },
      clientId: 'satchel-7',
      topicPrefix: 'prod.',
    },
    stream: { retentionDays: 14, backlogRowsMax: 500, relay: false },
    redis: null,
    allowedOrigins: ['https://app.example.com', 'http://localhost', 'capacitor://localhost'],
    demo: true,
    drainSeconds: 3,
    logLevel: 'debug',
    adminPort: 0,
    limits: {
      recordsPerDatasetMax: 2048,
      bytesPerDatasetMax: 2_097_152,
      datasetsPerIdentityMax: 40,
      bytesPerIdentityMax: 83_886_080,
    },
    socketsPerAddressMax: 12,
    trustedProxies: ['10.0.0.0/8', '2001:db8::1'],
    tombstoneDays: 30,
    queue: { writesMax: 10, bytesMax: 8_388_608 },
  })
})

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['localhost', true],
  ['::1', true],
  ['0:0:0:0:0:0:0:1', true],
  ['::ffff:127.0.0.1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.4', false],
  ['1::1', false],
  ['localhost.example.com', false],
])('[O6] listening on %s, the demo is on by default: %s', (host, on) => {
  expect(readConfig({ SATCHEL_HOST: host }).demo).toBe(on)
  expect(readConfig({ SATCHEL_HOST: host, SATCHEL_DEMO: 'on' }).demo).toBe(true)
  expect(readConfig({ SATCHEL_HOST: host, SATCHEL_DEMO: 'off' }).demo).toBe(false)
})
