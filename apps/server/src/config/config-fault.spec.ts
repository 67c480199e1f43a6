import { readConfig } from './config.js'
import { faultsOf } from './testing/faults-of.js'

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
