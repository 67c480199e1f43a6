import {
  isMergedFrom,
  mergedDatasetName,
  parseDatasetName,
  parseDeviceId,
  parseIdentityId,
  parseIdentityPoolId,
  type DatasetName,
  type IdentityId,
} from './ids.js'

const ID = 'us-east-1:0d4f7c1e-1b2a-4c3d-8e9f-001122334455'

test.each([ID, 'a:0', 'x_y-z:--'])('[P6] %s is an id of a pool or an identity', (id) => {
  expect(parseIdentityId(id).ok && parseIdentityPoolId(id).ok).toBe(true)
})

test.each(['', 'us-east-1', `${ID}!`, 'us-east-1:0D4F', 'a:'.padEnd(56, '0'), `${ID}\n`, 17, null, undefined])(
  '[P6] %j is no id',
  (id) => {
    expect(parseIdentityId(id).ok || parseIdentityPoolId(id).ok).toBe(false)
  },
)

test.each(['a', 'A.b_c:d-e', 'x'.repeat(128)])('[P6] %s names a dataset', (name) => {
  expect(parseDatasetName(name).ok).toBe(true)
})

test.each(['', 'a b', 'a/b', 'é', 'x'.repeat(129), 5, null])('[P6] %j names no dataset', (name) => {
  expect(parseDatasetName(name).ok).toBe(false)
})

test('[P6] a device id has 1 to 256 characters', () => {
  expect([parseDeviceId('d').ok, parseDeviceId('d'.repeat(256)).ok]).toEqual([true, true])
  expect([parseDeviceId('').ok, parseDeviceId('d'.repeat(257)).ok]).toEqual([false, false])
})

test('[M2] a merge may lengthen a full name past 128 characters, and the longer name is valid', () => {
  const merged = mergedDatasetName('x'.repeat(128) as DatasetName, ID as IdentityId)
  expect(merged.length).toBeGreaterThan(128)
  expect(parseDatasetName(merged).ok).toBe(true)
  expect(parseDatasetName(merged + '!').ok).toBe(false)
  expect(isMergedFrom(merged, 'x'.repeat(128) as DatasetName)).toBe(true)
})

test.each([
  [`settings.${ID}`, true],
  ['settings.backup', false],
  ['settings', false],
  [`settings-${ID}`, false],
  [`other.${ID}`, false],
])('[M1] %s was merged from "settings": %s', (name, merged) => {
  expect(isMergedFrom(name as DatasetName, 'settings' as DatasetName)).toBe(merged)
})
