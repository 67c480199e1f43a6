import {
  errorCodes,
  type Changed,
  type DatasetName,
  type ErrorCode,
  type RecordKey,
  type SyncCount,
  type SyncRecord,
} from '@satchel/protocol'
import type { Clash } from '../replica/replica.js'
import { ConnectionFault } from '../transport/transport.js'
import { decideClash, editOf } from './decide-clash.js'
import { hintEntries } from './hint-entries.js'
import { BATCH_BYTES_MAX, pickPatches } from './pick-patches.js'
import { retryAfterMsOf, verdictOn } from './verdict.js'

const key = (text: string) => text as RecordKey
const count = (value: number) => value as SyncCount

describe('a clash', () => {
  type Times = Readonly<{ at?: number; deviceModifiedAt?: number | null }>
  const clash = ({ at = 100, deviceModifiedAt = 100 }: Times): Clash => ({
    pending: { key: key('k'), value: 'mine', base: count(1), at, place: 9, parked: null },
    remote: {
      key: key('k'),
      value: 'theirs',
      syncCount: count(7),
      modifiedAt: 1_000,
      modifiedBy: 'x',
      deviceModifiedAt,
    },
  })

  test.each([
    ['the later of the two wins', clash({ at: 200, deviceModifiedAt: 100 }), 'local'],
    ['also the other way round', clash({ at: 100, deviceModifiedAt: 200 }), 'remote'],
    ['of two at once, what the server has', clash({ at: 100, deviceModifiedAt: 100 }), 'remote'],
    [
      'no clock counts as later than the server had the record',
      clash({ at: 2_000, deviceModifiedAt: 9_999_999 }),
      'local',
    ],
    ['a writer without a clock wrote when the server had it', clash({ at: 999, deviceModifiedAt: null }), 'remote'],
  ] as const)('[NE9] by last writer: %s', (_, given, wins) => {
    expect(decideClash('last-writer', given)).toBe(wins)
  })

  test('[NE9] what is decided is made against the count that was looked at', () => {
    expect(editOf('remote', clash({}), 500)).toBe(null)
    expect(editOf('local', clash({}), 500)).toEqual({ key: 'k', value: 'mine', base: 7, at: 100 })
    expect(editOf({ value: 'both' }, clash({}), 500)).toEqual({ key: 'k', value: 'both', base: 7, at: 500 })
    expect(editOf({ value: null }, clash({}), 500)).toMatchObject({ value: null })
  })
})

describe('a batch', () => {
  const edits = (...values: (string | null)[]) => values.map((value, index) => ({ key: key(`k${index}`), value }))

  test('[NE4] takes edits in order, and removals first where it cannot take all', () => {
    expect(pickPatches(edits('a', null, 'b'))).toEqual(['k0', 'k1', 'k2'])
    expect(pickPatches(edits('a', 'b', null, null), 3)).toEqual(['k2', 'k3', 'k0'])
    expect(pickPatches([])).toEqual([])
  })

  test('is bounded in number and bytes, and always takes one edit', () => {
    expect(pickPatches(edits(...Array.from({ length: 2_000 }, () => 'x')))).toHaveLength(1_024)
    const half = 'x'.repeat(BATCH_BYTES_MAX / 2)
    expect(pickPatches(edits(half, half, half))).toHaveLength(1)
    expect(pickPatches(edits('é'.repeat(BATCH_BYTES_MAX)))).toHaveLength(1)
  })
})

describe('hints', () => {
  const settings = 'settings' as DatasetName
  const standing = { epoch: 3, since: count(5) }
  const hint = (base: number, through: number, over: Partial<Changed> = {}): Changed => ({
    ...{ dataset: settings, epoch: 3, base: count(base), through: count(through) },
    records: [{ key: key('k'), value: `${through}` } as SyncRecord],
    ...over,
  })
  const throughs = (hints: Changed[]) => {
    const { entries, ask } = hintEntries(settings, standing, hints)
    return [entries.map((entry) => entry.kind === 'answer' && entry.changes?.through), ask]
  }

  test.each([
    ['those that continue what is held are taken', [hint(5, 6), hint(6, 7)], [[6, 7], false]],
    ['a known one says nothing', [hint(3, 4), hint(4, 5), hint(5, 6)], [[6], false]],
    ['a gap makes the device ask, after what came before it', [hint(5, 6), hint(7, 8)], [[6], true]],
    ['one without records makes it ask', [hint(5, 6, { records: null })], [[], true]],
    ['one of another epoch makes it ask, whatever its counts', [hint(5, 6, { epoch: 4 })], [[], true]],
    ['an older count of another epoch does too', [hint(0, 1, { epoch: 4 })], [[], true]],
  ] as const)('[NE7] %s', (_, hints, expected) => {
    expect(throughs([...hints])).toEqual(expected)
  })
})

describe('a fault', () => {
  const refused = (code: ErrorCode, retryAfterMs: number | null = null) =>
    new ConnectionFault('refused', 'no', { code, message: 'no', retryAfterMs })

  test('is about the token, the message, the moment or the connection; every code has its verdict', () => {
    const byVerdict = new Map<string, string[]>()
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      const verdict = verdictOn(refused(code))
      byVerdict.set(verdict, [...(byVerdict.get(verdict) ?? []), code])
    }
    expect(Object.fromEntries(byVerdict)).toMatchObject({
      token: [
        'AccessDenied',
        'ExpiredToken',
        'ExpiredWebIdentityToken',
        'InvalidIdentityToken',
        'MissingAuthenticationToken',
        'NotAuthorized',
      ],
      message: ['InvalidParameter', 'LimitExceeded', 'RequestTooLarge', 'Serialization', 'Validation'],
      pause: ['ConcurrentModification', 'InternalError', 'RequestTimeout', 'ServiceUnavailable', 'TooManyRequests'],
    })
  })

  test('of the network, or of anything else, is about the connection', () => {
    for (const kind of ['unreachable', 'timeout', 'cut', 'not-satchel'] as const) {
      expect(verdictOn(new ConnectionFault(kind, 'gone'))).toBe('connection')
    }
    expect(verdictOn(new Error('odd'))).toBe('connection')
    expect(retryAfterMsOf(refused('TooManyRequests', 5_000))).toBe(5_000)
    expect(retryAfterMsOf(new Error('odd'))).toBe(null)
  })
})
