import { bytesInWords, counted, quoted, reasonInWords, spanInWords } from './words.js'

test.each([
  [1, '1 edit'],
  [0, '0 edits'],
  [1_024, '1,024 edits'],
])('%d is said as %s', (count, words) => {
  expect(counted(count, 'edit')).toBe(words)
})

test.each([
  [1, '1 byte'],
  [61, '61 bytes'],
  [3_500, '3.4 KB'],
  [1_048_576, '1 MB'],
])('%d bytes are said as %s', (bytes, words) => {
  expect(bytesInWords(bytes)).toBe(words)
})

test.each([
  [-5, '0 s'],
  [59_400, '59 s'],
  [61_000, '1 min'],
  [3_700_000, '1 h 1 min'],
])('%d ms are said as %s', (ms, words) => {
  expect(spanInWords(ms)).toBe(words)
})

test('a value is quoted, a long one cut, and a removal named', () => {
  expect(quoted('dark')).toBe('“dark”')
  expect(quoted('x'.repeat(100), 10)).toBe(`“${'x'.repeat(10)}…”`)
  expect(quoted(null)).toBe('removed')
})

test('a status tells why, since when, and when it is tried again', () => {
  expect(reasonInWords({ kind: 'live', since: 1_000, reason: 'connected' }, 4_000)).toBe('connected, for 3 s')
  expect(reasonInWords({ kind: 'waiting', since: 0, reason: 'nobody answers', until: 9_000, attempt: 2 }, 4_000)).toBe(
    'nobody answers, for 4 s; tries again in 5 s',
  )
})

test('keys that wait for a decision come before all else that is in step', () => {
  const live = { kind: 'live', since: 1_000, reason: 'everything is in step' } as const
  expect(reasonInWords(live, 4_000, 0)).toBe('everything is in step, for 3 s')
  expect(reasonInWords(live, 4_000, 1)).toBe('1 key waits for your decision; everything else is in step, for 3 s')
  expect(reasonInWords(live, 4_000, 2)).toBe('2 keys wait for your decision; everything else is in step, for 3 s')
})

test('a device that is not live tells why, whatever waits for a decision', () => {
  const offline = { kind: 'offline', since: 1_000, reason: 'paused' } as const
  expect(reasonInWords(offline, 4_000, 1)).toBe('paused, for 3 s')
})
