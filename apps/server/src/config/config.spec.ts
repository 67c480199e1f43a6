import { AWS_LIMITS } from '@satchel/protocol'
import { resolve } from 'node:path'
import { readConfig, type Config } from './config.js'
import { faultsOf } from './testing/faults-of.js'
import { configWarnings, nodeWarnings } from './config-warnings.js'
import { settingRows } from './settings-table.js'

const A_KEY = Buffer.alloc(32, 7).toString('base64')
const A_SECRET = 'wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzzzzz'

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
    tombstoneDays: 30,
    queue: { writesMax: 10, bytesMax: 8_388_608 },
  })
})

test('[O1] all faults are reported together, each naming its variable, what is wrong and what is allowed', () => {
  const faults = faultsOf({
    SATCHEL_PORT: '80x',
    SATCHEL_HOST: 'not a host',
    SATCHEL_LOG_LEVEL: 'verbose',
    SATCHEL_DEMOO: 'off',
    SATCHEL_ADMIN_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  })
  expect(faults).toEqual([
    'SATCHEL_HOST ("not a host") is neither an IP address nor a host name. Allowed: an IP address or a host name.',
    'SATCHEL_PORT ("80x") is not a whole number. Allowed: a whole number from 0 to 65535.',
    'SATCHEL_LOG_LEVEL ("verbose") is not one of the words it takes. Allowed: debug, info, warn or error.',
    'SATCHEL_ADMIN_ACCESS_KEY_ID is set without SATCHEL_ADMIN_SECRET_ACCESS_KEY. Allowed: both or neither.',
    'SATCHEL_DEMOO is not a setting; did you mean SATCHEL_DEMO?',
  ])
})

test('[O1] the fault that is thrown lists them all, a line each', () => {
  expect(() => readConfig({ SATCHEL_PORT: '-1', SATCHEL_DEMO: 'yes\nand "no"' })).toThrow(
    [
      '2 faults in the settings:',
      '- SATCHEL_PORT ("-1") is not a whole number. Allowed: a whole number from 0 to 65535.',
      '- SATCHEL_DEMO ("yes\\nand \\"no\\"") is not one of the words it takes. Allowed: on or off.',
    ].join('\n'),
  )
})

test.each([
  ['SATCHEL_HOST', '[::1]', 'has brackets'],
  ['SATCHEL_HOST', '127.0.0', 'is neither'],
  ['SATCHEL_HOST', '-a.example', 'is neither'],
  ['SATCHEL_HOST', 'a b', 'is neither'],
  ['SATCHEL_PORT', '65536', 'is above 65535'],
  ['SATCHEL_PORT', '-1', 'is not a whole number'],
  ['SATCHEL_PORT', '1e3', 'is not a whole number'],
  ['SATCHEL_PORT', '0x10', 'is not a whole number'],
  ['SATCHEL_PORT', '4680.5', 'is not a whole number'],
  ['SATCHEL_PORT', '9'.repeat(400), 'is not a whole number'],
  ['SATCHEL_PORT', 'tcp://10.0.0.1:4680', 'enableServiceLinks'],
  ['SATCHEL_ADMIN_PORT', 'off', 'is not a whole number'],
  ['SATCHEL_PUBLIC_URL', 'sync.example.com', 'is not a URL'],
  ['SATCHEL_PUBLIC_URL', 'ftp://sync.example.com', 'is neither http nor https'],
  ['SATCHEL_PUBLIC_URL', 'https://me:pw@sync.example.com', 'user name or password'],
  ['SATCHEL_PUBLIC_URL', 'https://example.com/sync', 'more than scheme, host and port'],
  ['SATCHEL_PUBLIC_URL', 'https://example.com?x', 'more than scheme, host and port'],
  ['SATCHEL_PUBLIC_URL', 'https://example.com#', 'more than scheme, host and port'],
  ['SATCHEL_REGION', 'US-EAST-1', 'does not look like a region'],
  ['SATCHEL_REGION', 'us--east', 'does not look like a region'],
  ['SATCHEL_REGION', `us-${'e'.repeat(16)}`, 'does not look like a region'],
  ['SATCHEL_ACCOUNT_ID', '12345', 'is not 12 digits'],
  ['SATCHEL_ACCOUNT_ID', '1234567890123', 'is not 12 digits'],
  ['SATCHEL_ADMIN_ACCESS_KEY_ID', 'short', 'form of an access key id'],
  ['SATCHEL_ADMIN_ACCESS_KEY_ID', 'AKIA/OSFODNN7EXAMPLE', 'form of an access key id'],
  ['SATCHEL_ADMIN_ACCESS_KEY_ID', 'ASIAIOSFODNN7EXAMPLE', 'begins with ASIA'],
  ['SATCHEL_ADMIN_SECRET_ACCESS_KEY', 'hunter2', 'has 7 characters'],
  ['SATCHEL_ADMIN_SECRET_ACCESS_KEY', 'x'.repeat(129), 'has 129 characters'],
  ['SATCHEL_ADMIN_SECRET_ACCESS_KEY', `${A_SECRET} ${A_SECRET}`, 'or spaces'],
  ['SATCHEL_MASTER_KEY', Buffer.alloc(31).toString('base64'), 'decodes to 31 bytes'],
  ['SATCHEL_MASTER_KEY', 'not base64!', 'is not base64'],
  ['SATCHEL_MASTER_KEY', 'ab'.repeat(32), 'decodes to 48 bytes'],
  ['SATCHEL_OTHER_MASTER_KEYS', ',', 'names no key'],
  ['SATCHEL_OTHER_MASTER_KEYS', Array(5).fill(A_KEY).join(), 'names 5 keys'],
  ['SATCHEL_OTHER_MASTER_KEYS', `${A_KEY},AAAA`, 'the one at place 2 decodes to 3 bytes'],
  ['SATCHEL_ALLOWED_ORIGINS', 'app.example.com', 'is not an origin at place 1'],
  ['SATCHEL_ALLOWED_ORIGINS', 'https://a.example, https://b.example/path', 'is not an origin at place 2'],
  ['SATCHEL_ALLOWED_ORIGINS', '*, https://a.example', 'beside *'],
  ['SATCHEL_ALLOWED_ORIGINS', ',', 'names no origin'],
  ['SATCHEL_ALLOWED_ORIGINS', 'null', 'is not an origin'],
  ['SATCHEL_DEMO', 'true', 'is not one of the words'],
  ['SATCHEL_LOG_LEVEL', 'INFO', 'is not one of the words'],
  ['SATCHEL_TOMBSTONE_DAYS', '0', 'is below 1'],
  ['SATCHEL_TOMBSTONE_DAYS', '36501', 'is above 36500'],
  ['SATCHEL_QUEUE_WRITES', '0', 'is below 1'],
  ['SATCHEL_QUEUE_BYTES', '1024', 'is below 2097152'],
])('[O1] %s=%s is refused: it %s', (name, text, wrong) => {
  const fault = faultsOf({ [name]: text }).find((said) => said.startsWith(name))
  expect(fault).toContain(wrong)
  expect(fault).toContain('Allowed: ')
  expect(fault?.length).toBeLessThan(400)
})

test.each([
  ['SATCHEL_ADMIN_SECRET_ACCESS_KEY', 'hunter2-hunter2'],
  ['SATCHEL_MASTER_KEY', 'c2VjcmV0LWtleS10aGF0LWlzLXRvby1zaG9ydA=='],
  ['SATCHEL_OTHER_MASTER_KEYS', 'c2VjcmV0LWtleS10aGF0LWlzLXRvby1zaG9ydA=='],
  ['SATCHEL_DATABASE_URL', 'postgres://satchel:hunter2-hunter2@db'],
  ['SATCHEL_DATABASE_URL', 'mysql://satchel:hunter2-hunter2@db/satchel'],
  ['SATCHEL_KAFKA_SASL_PASSWORD', 'hunter2-hunter2\u0007'],
  ['SATCHEL_REDIS_URL', 'redis://:hunter2-hunter2@cache'],
])('[O4] the fault of %s does not show %s', (name, text) => {
  const said = faultsOf({ [name]: text }).join('\n')
  expect(said).toContain(name)
  expect(said).not.toMatch(/hunter2|c2VjcmV0/)
})

test.each([
  ['SATCHEL_LIMIT_RECORDS_PER_DATASET', AWS_LIMITS.recordsPerDatasetMax],
  ['SATCHEL_LIMIT_BYTES_PER_DATASET', AWS_LIMITS.bytesPerDatasetMax],
  ['SATCHEL_LIMIT_DATASETS_PER_IDENTITY', AWS_LIMITS.datasetsPerIdentityMax],
  ['SATCHEL_LIMIT_BYTES_PER_IDENTITY', AWS_LIMITS.bytesPerIdentityMax],
])('[O5] %s never goes below the %d of AWS', (name, aws) => {
  expect(faultsOf({ [name]: String(aws) })).toEqual([])
  expect(faultsOf({ [name]: String(aws - 1) })).toEqual([
    expect.stringContaining(`${name} ("${aws - 1}") is below ${aws}`),
  ])
})

test('[O5] limits that contradict each other are refused', () => {
  const faults = faultsOf({ SATCHEL_LIMIT_BYTES_PER_DATASET: '104857600' })
  expect(faults).toEqual([
    expect.stringContaining(
      'SATCHEL_LIMIT_BYTES_PER_DATASET (104857600) is above SATCHEL_LIMIT_BYTES_PER_IDENTITY (20971520)',
    ),
    expect.stringContaining('SATCHEL_QUEUE_BYTES (67108864) is less than twice'),
  ])
})

test('[O1] the admin port may be free like the main one, but not be the same', () => {
  expect(faultsOf({ SATCHEL_PORT: '0', SATCHEL_ADMIN_PORT: '0' })).toEqual([])
  expect(faultsOf({ SATCHEL_ADMIN_PORT: '4680' })).toEqual([expect.stringContaining('both "4680"')])
})

test('[RD8] a Redis is taken with a shared database only, with its login, and several as one cluster', () => {
  expect(faultsOf({ SATCHEL_REDIS_URL: 'redis://cache' })).toEqual([
    expect.stringContaining('SATCHEL_REDIS_URL is set without SATCHEL_DATABASE_URL'),
  ])
  const given = { SATCHEL_DATABASE_URL: 'postgres://db/satchel', SATCHEL_MASTER_KEY: A_KEY }
  const redisOf = (url: string) => readConfig({ ...given, SATCHEL_REDIS_URL: url }).redis
  expect(redisOf('redis://cache')).toEqual({
    nodes: [{ host: 'cache', port: 6379 }],
    tls: false,
    username: null,
    password: null,
  })
  expect(redisOf('rediss://app:p%40ss@[::1]:7000/0, rediss://app:p%40ss@b.example')).toEqual({
    nodes: [
      { host: '::1', port: 7000 },
      { host: 'b.example', port: 6379 },
    ],
    tls: true,
    username: 'app',
    password: 'p@ss',
  })
})

test('[RD8] a password that goes to Redis unencrypted is warned of, but not on this machine', () => {
  const warned = (SATCHEL_REDIS_URL: string) => {
    const given = { SATCHEL_DATABASE_URL: 'postgres://db/satchel', SATCHEL_MASTER_KEY: A_KEY, SATCHEL_REDIS_URL }
    return configWarnings(readConfig(given)).filter((warning) => warning.includes('password'))
  }
  expect(warned('redis://:hunter2@cache')).toEqual([expect.stringContaining('is not rediss://')])
  expect(warned('redis://:hunter2@cache').join()).not.toContain('hunter2')
  for (const url of ['redis://cache', 'rediss://:hunter2@cache', 'redis://:hunter2@127.0.0.1']) {
    expect(warned(url)).toEqual([])
  }
})

test.each([
  [',', 'names no Redis'],
  ['cache:6379', 'does not begin with redis://'],
  ['redis://:hunter2/@cache', 'is not a URL'],
  ['redis://:hunter2%zz@cache', 'has a % that begins no escape'],
  ['redis://hunter2@cache', 'a user name without a password'],
  ['redis://:hunter2@', 'is not a URL'],
  ['redis://:hunter2@cache/3', 'names a database'],
  ['redis://:hunter2@cache?x=1', 'has more than scheme'],
  ['redis://:hunter2@a,redis://b', 'with different schemes or logins'],
])('[RD8] a Redis URL that cannot be right is refused, and not shown', (url, wrong) => {
  const given = { SATCHEL_DATABASE_URL: 'postgres://db/satchel', SATCHEL_MASTER_KEY: A_KEY }
  const [fault] = faultsOf({ ...given, SATCHEL_REDIS_URL: url })
  expect(fault).toContain(wrong)
  expect(fault).not.toContain('hunter2')
})

test('[X10] a database of its own is taken with the master key alone, and with its settings', () => {
  const faults = faultsOf({ SATCHEL_DATABASE_URL: 'postgres://db/satchel' })
  expect(faults).toEqual([expect.stringContaining('SATCHEL_MASTER_KEY')])
  const given = { SATCHEL_DATABASE_URL: 'postgresql://u:p%40ss@db:5433/satchel', SATCHEL_MASTER_KEY: A_KEY }
  const plain = { databaseUrl: given.SATCHEL_DATABASE_URL, databasePool: 10, databasePartitions: null, drainSeconds: 2 }
  expect(readConfig(given)).toMatchObject(plain)
  const settings = { ...given, SATCHEL_DATABASE_POOL: '20', SATCHEL_DATABASE_PARTITIONS: '0' }
  expect(readConfig(settings)).toMatchObject({ databasePool: 20, databasePartitions: 0 })
  expect(faultsOf({ SATCHEL_DATABASE_PARTITIONS: '16' })).toEqual([expect.stringContaining('SQLite has no partitions')])
})

test('[PL8] a replica is one of a database, and its URL is checked like that, and not shown either', () => {
  const given = { SATCHEL_DATABASE_URL: 'postgres://db/satchel', SATCHEL_MASTER_KEY: A_KEY }
  const replica = 'postgres://u:hunter2@replica/satchel'
  expect(readConfig(given)).toMatchObject({ databaseReplicaUrl: null })
  expect(readConfig({ ...given, SATCHEL_DATABASE_REPLICA_URL: replica })).toMatchObject({ databaseReplicaUrl: replica })
  const faults = faultsOf({ SATCHEL_DATABASE_REPLICA_URL: replica })
  expect(faults).toEqual([expect.stringContaining('without SATCHEL_DATABASE_URL, whose replica it is')])
  expect(faultsOf({ ...given, SATCHEL_DATABASE_REPLICA_URL: 'mysql://u:hunter2@r/s' }).join()).not.toContain('hunter2')
})

test.each([
  ['mysql://satchel:hunter2@db/satchel', 'does not begin with postgres://'],
  ['postgres://satchel:hunter2/@db:x/satchel', 'is not a URL'],
  ['postgres://satchel:hunter2@db', 'names no database'],
  ['postgres://satchel:hunter2%zz@db/satchel', 'has a % that begins no escape'],
])('[X10] a database URL that cannot be right is refused, and not shown', (url, wrong) => {
  const [fault] = faultsOf({ SATCHEL_DATABASE_URL: url, SATCHEL_MASTER_KEY: A_KEY })
  expect(fault).toContain(wrong)
  expect(fault).not.toContain('hunter2')
})

test.each([
  ['SATCHEL_ALLOWED_ORIGIN', 'SATCHEL_ALLOWED_ORIGINS'],
  ['SATCHEL_MASTERKEY', 'SATCHEL_MASTER_KEY'],
  ['SATCHEL_ADMIN_SECRET_KEY', 'SATCHEL_ADMIN_SECRET_ACCESS_KEY'],
  ['satchel_demo', 'SATCHEL_DEMO'],
  ['SATCHEL-PORT', 'SATCHEL_PORT'],
  ['SATCHEL_PUBLICURL', 'SATCHEL_PUBLIC_URL'],
])('[O3] %s is no setting, and the fault asks for %s', (given, meant) => {
  expect(faultsOf({ [given]: 'x' })).toEqual([expect.stringContaining(`did you mean ${meant}?`)])
})

test('[O3] a name that resembles none is refused without a guess', () => {
  expect(faultsOf({ SATCHEL_FROBNICATE: '1' })).toEqual(['SATCHEL_FROBNICATE is not a setting'])
})

test('[O3] what npx satchel copy reads may stay in the environment of a server', () => {
  expect(faultsOf({ SATCHEL_COPY_TO: 'postgres://user:password@host/name' })).toEqual([])
  expect(faultsOf({ SATCHEL_COPYTO: 'x' })).toEqual(['SATCHEL_COPYTO is not a setting'])
})

test('[O3] what Kubernetes says about a Service of this name is no fault', () => {
  expect(
    faultsOf({
      SATCHEL_SERVICE_HOST: '10.0.0.1',
      SATCHEL_SERVICE_PORT: '4680',
      SATCHEL_SERVICE_PORT_HTTP: '4680',
      SATCHEL_PORT_4680_TCP: 'tcp://10.0.0.1:4680',
      SATCHEL_PORT_4680_TCP_ADDR: '10.0.0.1',
    }),
  ).toEqual([])
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

test('[O6] conveniences that are not safe are named at start, and only those', () => {
  expect(configWarnings(readConfig({}))).toEqual([])
  const open = configWarnings(
    readConfig({ SATCHEL_HOST: '0.0.0.0', SATCHEL_DEMO: 'on', SATCHEL_ALLOWED_ORIGINS: '*' }),
  ).join('\n')
  for (const word of ['SATCHEL_DEMO', 'SATCHEL_PUBLIC_URL', 'plain http', '/metrics', 'SATCHEL_ALLOWED_ORIGINS']) {
    expect(open).toContain(word)
  }
  expect(
    configWarnings(
      readConfig({ SATCHEL_HOST: '::', SATCHEL_PUBLIC_URL: 'https://sync.example.com', SATCHEL_ADMIN_PORT: '9464' }),
    ),
  ).toEqual([])
})

test.each([
  ['20.20.2', 0],
  ['22.14.0', 0],
  ['24.18.1', 0],
  ['24.19.0', 1],
  ['26.0.0', 1],
])('[O6] Node %s is warned about %i times', (version, times) => {
  expect(nodeWarnings(version)).toHaveLength(times)
})
