import 'reflect-metadata'
import { Keyring } from '../access/keyring.js'
import { readConfig } from './config.js'
import { differing, markOf } from './shared-settings.js'

const KEYS: readonly Buffer[] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte))

const SITE = {
  SATCHEL_DATABASE_URL: 'postgres://satchel:hunter2@db/satchel',
  SATCHEL_MASTER_KEY: KEYS[0]!.toString('base64'),
  SATCHEL_REDIS_URL: 'redis://:hunter2@cache:6380',
  SATCHEL_KAFKA_BROKERS: 'a:9092',
}

const marked = (
  over: Readonly<Record<string, string>> = {},
  {
    keys = KEYS.slice(0, 1),
    accessKeyId = 'AKIAIOSFODNN7EXAMPLE',
    publicUrl = 'https://sync.example',
  }: Readonly<{ keys?: readonly Buffer[]; accessKeyId?: string; publicUrl?: string }> = {},
) => {
  const [first, ...others] = keys
  return markOf({
    config: readConfig({ ...SITE, ...over }),
    keyring: new Keyring([first!, ...others]),
    admin: { accessKeyId },
    publicUrl,
  })
}

test('[MV9] nodes are alike whatever only concerns themselves', () => {
  const own = {
    SATCHEL_PORT: '1',
    SATCHEL_HOST: '0.0.0.0',
    SATCHEL_DATA_DIR: '/elsewhere',
    SATCHEL_LOG_LEVEL: 'warn',
    SATCHEL_KAFKA_BROKERS: 'b:9092,c:9092',
    SATCHEL_REDIS_URL: 'redis://:other@cache:6380',
    SATCHEL_STREAM_RELAY: 'off',
  }
  expect(marked(own)).toBe(marked())
  const cluster = (urls: string) => marked({ SATCHEL_REDIS_URL: urls })
  expect(cluster('redis://a,redis://b')).toBe(cluster('redis://c,redis://b'))
  const rotated = (...others: readonly Buffer[]) => marked({}, { keys: [KEYS[0]!, ...others] })
  expect(rotated(KEYS[1]!, KEYS[2]!)).toBe(rotated(KEYS[2]!, KEYS[1]!))
})

test.each([
  ['SATCHEL_LIMIT_RECORDS_PER_DATASET', marked({ SATCHEL_LIMIT_RECORDS_PER_DATASET: '2048' })],
  ['SATCHEL_LIMIT_BYTES_PER_IDENTITY', marked({ SATCHEL_LIMIT_BYTES_PER_IDENTITY: '41943040' })],
  ['SATCHEL_TOMBSTONE_DAYS', marked({ SATCHEL_TOMBSTONE_DAYS: '7' })],
  ['SATCHEL_KAFKA_TOPIC_PREFIX', marked({ SATCHEL_KAFKA_TOPIC_PREFIX: 'prod.' })],
  ['SATCHEL_KAFKA_BROKERS', marked({ SATCHEL_KAFKA_BROKERS: '' })],
  ['SATCHEL_REDIS_URL', marked({ SATCHEL_REDIS_URL: 'redis://:hunter2@cache:6381' })],
  ['SATCHEL_REDIS_URL', marked({ SATCHEL_REDIS_URL: '' })],
  ['SATCHEL_REGION', marked({ SATCHEL_REGION: 'eu-west-1' })],
  ['SATCHEL_PUBLIC_URL', marked({}, { publicUrl: 'http://127.0.0.1:4680' })],
  ['SATCHEL_ADMIN_ACCESS_KEY_ID', marked({}, { accessKeyId: 'AKIASATCHELSATCHELXX' })],
  ['SATCHEL_MASTER_KEY', marked({}, { keys: [KEYS[1]!] })],
  ['SATCHEL_OTHER_MASTER_KEYS', marked({}, { keys: [KEYS[0]!, KEYS[1]!] })],
])('[MV9] a node with another %s is named by it', (name, other) => {
  expect(differing(marked(), other)).toEqual([name])
})

test('[MV9] what one version has and the other has not is no difference', () => {
  const [first, ...others] = marked().split(' ')
  expect(differing(marked(), others.join(' '))).toEqual([])
  expect(differing(others.join(' '), marked())).toEqual([])
  expect(differing(`${first} SATCHEL_LATER=abc`, marked())).toEqual([])
  expect(differing(marked(), '')).toEqual([])
})
