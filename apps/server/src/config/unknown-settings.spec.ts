import { faultsOf } from './testing/faults-of.js'

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
