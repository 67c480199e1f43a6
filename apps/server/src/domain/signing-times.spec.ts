import fc from 'fast-check'
import {
  KEYS_KEPT_MS,
  KEYS_READ_EVERY_MS,
  OPENID_TOKEN_LIFE_MS_MAX,
  SIGNS_AFTER_MS,
  signingStates,
  type SigningTimes,
} from './signing-times.js'

const HOUR = 3_600_000
const key = (kid: string, signsFrom: number, createdAt = signsFrom): SigningTimes => ({ kid, createdAt, signsFrom })
const said = (keys: readonly SigningTimes[], now: number): string =>
  signingStates(keys, now)
    .map(([{ kid }, { kind }]) => `${kid} ${kind}`)
    .join(', ')

test.each([
  ['none', [], 5, ''],
  ['the only one signs', [key('a', 0)], 5, 'a signs'],
  ['even where its time is yet to come', [key('a', 9)], 5, 'a signs'],
  ['a further one waits', [key('a', 0), key('b', 6)], 5, 'a signs, b waits'],
  ['until its very millisecond', [key('a', 0), key('b', 6)], 6, 'a believed, b signs'],
  [
    'the one with the latest time signs, whichever was made first',
    [key('b', 4), key('a', 3, 4)],
    5,
    'a believed, b signs',
  ],
  ['of two with one time the later made one signs', [key('a', 3, 2), key('b', 3, 1)], 5, 'b believed, a signs'],
  ['a key is believed for 25 hours', [key('a', 0), key('b', 6)], 5 + 25 * HOUR, 'a believed, b signs'],
  ['and then no longer', [key('a', 0), key('b', 6)], 6 + 25 * HOUR, 'a forgotten, b signs'],
  [
    'each by the one behind it',
    [key('a', 0), key('b', 6), key('c', 26 * HOUR)],
    26 * HOUR,
    'a forgotten, b believed, c signs',
  ],
])('[KR5] %s', (_, keys, now, expected) => {
  expect(said(keys, now)).toBe(expected)
})

test('[KR5] whenever a token was signed, its key is believed until the token ends, by servers that learned of nothing for an hour too', () => {
  const moments = fc.integer({ min: 0, max: 100 * HOUR })
  fc.assert(
    fc.property(
      fc.array(moments, { minLength: 1, maxLength: 6 }),
      moments,
      fc.integer({ min: 0, max: HOUR }),
      fc.integer({ min: 0, max: OPENID_TOKEN_LIFE_MS_MAX - 1 }),
      (times, signedAt, lateMs, age) => {
        const keys = times.map((signsFrom, at) => key(`k${at}`, signsFrom, at))
        const [signer] = signingStates(keys, signedAt - lateMs).find(([, { kind }]) => kind === 'signs')!
        const [, state] = signingStates(keys, signedAt + age).find(([{ kid }]) => kid === signer.kid)!
        expect(state.kind).not.toBe('forgotten')
      },
    ),
    { seed: 7 },
  )
})

test('[KR5] exactly one key signs', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { minLength: 1 }), fc.nat(60), (times, now) => {
      const states = signingStates(
        times.map((signsFrom, at) => key(`k${at}`, signsFrom, at)),
        now,
      )
      expect(states.filter(([, { kind }]) => kind === 'signs')).toHaveLength(1)
    }),
    { seed: 8 },
  )
})

test('[KR11] servers and verifiers have learned of a key before its first token', () => {
  expect(KEYS_READ_EVERY_MS + KEYS_KEPT_MS).toBeLessThan(SIGNS_AFTER_MS)
})
