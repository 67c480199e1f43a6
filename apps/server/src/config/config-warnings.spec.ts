import 'reflect-metadata'
import { configWarnings } from './config-warnings.js'
import { readConfig } from './config.js'

test('[O6] proxies that are everybody are named', () => {
  const warned = (SATCHEL_TRUSTED_PROXIES: string) => configWarnings(readConfig({ SATCHEL_TRUSTED_PROXIES }))
  expect(warned('10.0.0.1, 0.0.0.0/0')).toEqual([
    expect.stringContaining('SATCHEL_TRUSTED_PROXIES names every address'),
  ])
  expect(warned('10.0.0.0/8, ::1')).toEqual([])
})

test('[O6] nodes that are issuers of their own, or have an account each, are told so', () => {
  const site = {
    SATCHEL_DATABASE_URL: 'postgres://satchel@db/satchel',
    SATCHEL_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
    SATCHEL_REDIS_URL: 'redis://cache',
  }
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
