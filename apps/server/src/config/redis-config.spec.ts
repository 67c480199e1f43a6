import { configWarnings } from './config-warnings.js'
import { readConfig } from './config.js'
import { faultsOf } from './testing/faults-of.js'
import { A_DATABASE } from './testing/valid-settings.js'

test('[RD8] a Redis is taken with a shared database only, with its login, and several as one cluster', () => {
  expect(faultsOf({ SATCHEL_REDIS_URL: 'redis://cache' })).toEqual([
    expect.stringContaining('SATCHEL_REDIS_URL is set without SATCHEL_DATABASE_URL'),
  ])
  const redisOf = (url: string) => readConfig({ ...A_DATABASE, SATCHEL_REDIS_URL: url }).redis
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
  const warned = (url: string) =>
    configWarnings(readConfig({ ...A_DATABASE, SATCHEL_REDIS_URL: url })).filter((said) => said.includes('password'))
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
  const [fault] = faultsOf({ ...A_DATABASE, SATCHEL_REDIS_URL: url })
  expect(fault).toContain(wrong)
  expect(fault).not.toContain('hunter2')
})
