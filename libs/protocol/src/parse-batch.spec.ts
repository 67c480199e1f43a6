import { parseBatch, type UncheckedPatch } from './parse-batch.js'
import { violationMessage } from './violation.js'

const patch = (over: Partial<UncheckedPatch> = {}): UncheckedPatch => ({
  op: 'replace',
  key: 'theme',
  value: 'dark',
  base: 0,
  deviceModifiedAt: null,
  ...over,
})

const fault = (...patches: UncheckedPatch[]) => {
  const batch = parseBatch(patches)
  return batch.ok ? null : violationMessage([batch.violation])
}

test('[P3] a value sent with a removal is ignored', () => {
  expect(parseBatch([patch({ op: 'remove', value: 17 })])).toEqual({
    ok: true,
    value: [{ op: 'remove', key: 'theme', base: 0, deviceModifiedAt: null }],
  })
})

test('[P4] one key twice in a batch is refused by its second place', () => {
  expect(fault(patch(), patch({ key: 'other' }), patch())).toBe(
    "1 validation error detected: Value 'theme' at 'recordPatches.3.member.key' failed to satisfy constraint: " +
      'Member must occur only once in a batch',
  )
})

test.each([1, 1_024])('[L8] a key of %i characters is taken', (length) => {
  expect(fault(patch({ key: 'k'.repeat(length) }))).toBeNull()
})

test.each([
  ['', 'Member must have length greater than or equal to 1'],
  ['k'.repeat(1_025), 'Member must have length less than or equal to 1024'],
  [17, 'Member must be a string'],
  [null, 'Member must not be null'],
])('[L8] the key %j is refused: %s', (key, words) => {
  expect(fault(patch({ key }))).toContain(`at 'recordPatches.1.member.key' failed to satisfy constraint: ${words}`)
})

test('[L8] a value of 1,048,575 characters is taken and one more refused', () => {
  expect(fault(patch({ value: 'v'.repeat(1_048_575) }))).toBeNull()
  expect(fault(patch({ value: 'v'.repeat(1_048_576) }))).toContain(
    'Member must have length less than or equal to 1048575',
  )
})

test.each([
  ['op', { op: 'upsert' }, "Value 'upsert' at 'recordPatches.1.member.op'"],
  ['op', { op: undefined }, "Value 'null' at 'recordPatches.1.member.op'"],
  ['count', { base: -1 }, "Value '-1' at 'recordPatches.1.member.syncCount'"],
  ['count', { base: 1.5 }, 'Member must be an integer from 0 to 9007199254740991'],
  ['count', { base: '0' }, 'Member must be an integer'],
  ['count', { base: undefined }, 'Member must not be null'],
  ['time', { deviceModifiedAt: Number.NaN }, 'Member must be a time'],
  ['time', { deviceModifiedAt: 'today' }, 'Member must be a time'],
  ['value', { value: null }, "at 'recordPatches.1.member.value' failed to satisfy constraint: Member must not be null"],
  ['value', { value: { a: 1 } }, 'Member must be a string'],
])('[P5] a wrong %s is refused by name: %j', (_, over, words) => {
  expect(fault(patch(over))).toContain(words)
})

test('[P5] a refused value is never repeated in the message', () => {
  expect(fault(patch({ value: 'my secret diary \u0000' }))).not.toContain('diary')
})

test.each([
  ['key', { key: 'a\u0000' }],
  ['key', { key: '\ud800' }],
  ['value', { value: 'a\u0000' }],
  ['value', { value: '\udc00' }],
])('[T3] a %s that no store could give back is refused: %j', (_, over) => {
  expect(fault(patch(over))).toMatch(/must not contain the character U\+0000|without lone surrogates/)
})

test('[T4] `__proto__` and `constructor` are keys like any other', () => {
  const batch = parseBatch(['__proto__', 'constructor', 'toString'].map((key) => patch({ key })))
  expect(batch.ok && batch.value.map(({ key }) => key)).toEqual(['__proto__', 'constructor', 'toString'])
})
