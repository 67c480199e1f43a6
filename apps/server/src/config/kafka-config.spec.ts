import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { readConfig } from './config.js'
import { faultsOf } from './testing/faults-of.js'
import { configWarnings } from './config-warnings.js'

const folder = mkdtempSync(join(tmpdir(), 'satchel-kafka-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function aFile(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const BROKERS = { SATCHEL_KAFKA_BROKERS: 'kafka.example:9092' }
const LOGIN = {
  SATCHEL_KAFKA_SASL_MECHANISM: 'plain',
  SATCHEL_KAFKA_SASL_USERNAME: 'app',
  SATCHEL_KAFKA_SASL_PASSWORD: 'hunter2',
}

test('[V40] brokers alone are enough: no encryption, no login, no prefix', () => {
  expect(readConfig(BROKERS).kafka).toEqual({
    brokers: ['kafka.example:9092'],
    tls: null,
    sasl: null,
    clientId: 'satchel',
    topicPrefix: '',
  })
})

test.each([
  ['SATCHEL_KAFKA_BROKERS', ',', 'names no broker'],
  ['SATCHEL_KAFKA_BROKERS', 'kafka.example', 'is not host:port at place 1'],
  ['SATCHEL_KAFKA_BROKERS', 'a:9092,b:', 'is not host:port at place 2'],
  ['SATCHEL_KAFKA_BROKERS', 'a:0', 'is not host:port'],
  ['SATCHEL_KAFKA_BROKERS', 'a:65536', 'is not host:port'],
  ['SATCHEL_KAFKA_BROKERS', 'http://a:9092', 'is not host:port'],
  ['SATCHEL_KAFKA_BROKERS', '[::1]:9092', 'is not host:port'],
  ['SATCHEL_KAFKA_TLS', 'yes', 'is not one of the words'],
  ['SATCHEL_KAFKA_TLS_CA_FILE', '/nowhere/ca.pem', 'cannot be read (ENOENT)'],
  ['SATCHEL_KAFKA_TLS_CA_FILE', folder, 'cannot be read (EISDIR)'],
  ['SATCHEL_KAFKA_SASL_MECHANISM', 'PLAIN', 'is not one of the words'],
  ['SATCHEL_KAFKA_SASL_USERNAME', 'a\u0000b', 'has control characters'],
  ['SATCHEL_KAFKA_SASL_PASSWORD', 'x'.repeat(1_025), 'has 1025 characters'],
  ['SATCHEL_KAFKA_CLIENT_ID', 'a b', 'is not a client id'],
  ['SATCHEL_KAFKA_TOPIC_PREFIX', 'prod/', 'cannot begin the name of a topic'],
  ['SATCHEL_KAFKA_TOPIC_PREFIX', 'x'.repeat(122), 'cannot begin the name of a topic'],
  ['SATCHEL_STREAM_RETENTION_DAYS', '0', 'is below 1'],
  ['SATCHEL_STREAM_BACKLOG_ROWS', '1e7', 'is not a whole number'],
  ['SATCHEL_STREAM_RELAY', 'debezium', 'is not one of the words'],
])('[V40] %s=%j is refused: it %s', (name, text, wrong) => {
  const fault = faultsOf({ ...BROKERS, [name]: text }).find((said) => said.startsWith(name))
  expect(fault).toContain(wrong)
  expect(fault).toContain('Allowed: ')
})

test.each([
  ['holds no certificate', 'not a certificate at all'],
  ['holds something at place 1', '-----BEGIN CERTIFICATE-----\nTm9uZQ==\n-----END CERTIFICATE-----\n'],
])('[V40] a file of authorities that %s is refused', (wrong, text) => {
  const file = aFile('wrong.pem', text)
  const faults = faultsOf({ ...BROKERS, SATCHEL_KAFKA_TLS: 'on', SATCHEL_KAFKA_TLS_CA_FILE: file })
  expect(faults).toEqual([expect.stringContaining(wrong)])
})

test('[V40] a file of authorities is read whole at start', () => {
  const pem = rootCertificates.slice(0, 2).join('\n')
  const file = aFile('ca.pem', pem)
  const env = { ...BROKERS, SATCHEL_KAFKA_TLS: 'on', SATCHEL_KAFKA_TLS_CA_FILE: file }
  expect(readConfig(env).kafka?.tls).toEqual({ ca: pem })
})

test.each(Object.keys(LOGIN))('[V40] a login takes mechanism, user name and password: %s alone is refused', (name) => {
  const [fault, ...others] = faultsOf({ ...BROKERS, [name]: LOGIN[name as keyof typeof LOGIN] })
  expect(fault).toMatch(new RegExp(`^${name} set without SATCHEL_KAFKA_SASL_\\w+ and SATCHEL_KAFKA_SASL_\\w+\\.`))
  expect(others).toEqual([])
})

test('[V40] what would have no effect is refused: authorities without TLS, and any of it without brokers', () => {
  const file = aFile('idle.pem', rootCertificates[0]!)
  expect(faultsOf({ ...BROKERS, SATCHEL_KAFKA_TLS_CA_FILE: file })).toEqual([
    expect.stringContaining('SATCHEL_KAFKA_TLS is off'),
  ])
  expect(faultsOf({ SATCHEL_KAFKA_TLS: 'on', ...LOGIN })).toEqual([
    expect.stringContaining('set without SATCHEL_KAFKA_BROKERS'),
  ])
  expect(faultsOf({ SATCHEL_KAFKA_TLS: 'off' })).toEqual([])
})

test.each([
  ['kafka.example:9092', 'plain', 'off', 1],
  ['127.0.0.1:9092,kafka.example:9092', 'plain', 'off', 1],
  ['127.0.0.1:9092,localhost:9093', 'plain', 'off', 0],
  ['kafka.example:9092', 'scram-sha-256', 'off', 0],
  ['kafka.example:9092', 'plain', 'on', 0],
])('[V41] %s with %s and TLS %s: the warnings of a readable password are %i', (brokers, mechanism, tls, count) => {
  const config = readConfig({
    ...LOGIN,
    SATCHEL_KAFKA_BROKERS: brokers,
    SATCHEL_KAFKA_SASL_MECHANISM: mechanism,
    SATCHEL_KAFKA_TLS: tls,
  })
  const warnings = configWarnings(config)
  expect(warnings).toHaveLength(count)
  expect(warnings.join()).not.toContain('hunter2')
})
