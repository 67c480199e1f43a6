import { AWS_LIMITS } from '@satchel/protocol'
import { faultsOf } from './testing/faults-of.js'
import { A_KEY, A_SECRET } from './testing/valid-settings.js'

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
  ['SATCHEL_TRUSTED_PROXIES', ',', 'names no proxy'],
  ['SATCHEL_TRUSTED_PROXIES', '10.0.0.1, 10.0.0.0/40', 'at place 2 has something else than 0 to 32 behind its slash'],
  ['SATCHEL_TRUSTED_PROXIES', '::1, proxy.example', 'at place 2 is neither an IP address nor a range'],
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
