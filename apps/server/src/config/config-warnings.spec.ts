import 'reflect-metadata'
import { configWarnings, nodeWarnings } from './config-warnings.js'
import { readConfig } from './config.js'
import { A_DATABASE } from './testing/valid-settings.js'

test('[O6] proxies that are everybody are named', () => {
  const warned = (SATCHEL_TRUSTED_PROXIES: string) => configWarnings(readConfig({ SATCHEL_TRUSTED_PROXIES }))
  expect(warned('10.0.0.1, 0.0.0.0/0')).toEqual([
    expect.stringContaining('SATCHEL_TRUSTED_PROXIES names every address'),
  ])
  expect(warned('10.0.0.0/8, ::1')).toEqual([])
})

test('[O6] nodes that are issuers of their own, or have an account each, are told so', () => {
  const site = { ...A_DATABASE, SATCHEL_REDIS_URL: 'redis://cache' }
  expect(configWarnings(readConfig(site))).toEqual([
    expect.stringContaining('SATCHEL_PUBLIC_URL is not: each node is an issuer of its own'),
    expect.stringContaining('SATCHEL_ADMIN_ACCESS_KEY_ID is not: each node generates credentials'),
  ])
  const alike = {
    SATCHEL_PUBLIC_URL: 'https://sync.example.com',
    SATCHEL_ADMIN_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    SATCHEL_ADMIN_SECRET_ACCESS_KEY: 'x'.repeat(40),
  }
  expect(configWarnings(readConfig({ ...site, ...alike }))).toEqual([])
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
