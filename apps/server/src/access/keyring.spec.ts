import fc from 'fast-check'
import { SyncSessions } from '../datasets/sync-session.js'
import { PrivateKeyBox } from '../identity/private-key-box.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import type { DatasetPath } from '@satchel/protocol'
import { Keyring, type MasterKeys } from './keyring.js'
import { openRecordsLink, RECORDS_LINK_PATH, recordsLink, recordsLinkKey } from './records-link.js'
import { Seal, type SealPurpose } from './seal.js'
import { TemporaryCredentials } from './temporary-credentials.js'
import { AnAccess } from './testing/an-access.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'

const keyOf = (byte: number): Buffer => Buffer.alloc(32, byte)
const ringOf = (bytes: readonly number[]): Keyring => new Keyring(bytes.map(keyOf) as unknown as MasterKeys)

const PURPOSES: readonly SealPurpose[] = ['credentials', 'page', 'stream-records', 'sync-session']
const SEED = 20_261_121

/** One to five different keys, the first of which closes. */
const rings = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 })

test('[KR1] whatever any key of a ring sealed opens with that ring, and what no key of it sealed does not', () => {
  fc.assert(
    fc.property(
      rings,
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom(...PURPOSES),
      fc.string(),
      (ring, by, purpose, text) => {
        const sealed = new Seal(ringOf([by])).close(purpose, ['c'], text)
        const place = ring.indexOf(by)
        expect(new Seal(ringOf(ring)).opened(purpose, ['c'], sealed)).toEqual(place < 0 ? null : { text, place })
      },
    ),
    { seed: SEED },
  )
})

test('[KR1] only the first key of a ring closes: with it alone opens whatever the ring sealed', () => {
  fc.assert(
    fc.property(rings, fc.string(), (ring, text) => {
      const sealed = new Seal(ringOf(ring)).close('page', [], text)
      expect(new Seal(ringOf([ring[0]!])).open('page', [], sealed)).toBe(text)
      const closed = new PrivateKeyBox(ringOf(ring), new SeededRandom(1)).close('kid', Buffer.from(text))
      const alone = new PrivateKeyBox(ringOf([ring[0]!]), new SeededRandom(1))
      expect(alone.open('kid', closed)).toEqual({ privateKey: Buffer.from(text), place: 0 })
    }),
    { seed: SEED },
  )
})

test('[KR1] a private key opens with each key of the ring that closed it, and says with which', () => {
  fc.assert(
    fc.property(rings, fc.integer({ min: 0, max: 9 }), (ring, by) => {
      const closed = new PrivateKeyBox(ringOf([by]), new SeededRandom(2)).close('kid', Buffer.from('der'))
      const place = ring.indexOf(by)
      expect(new PrivateKeyBox(ringOf(ring), new SeededRandom(3)).open('kid', closed)).toEqual(
        place < 0 ? null : { privateKey: Buffer.from('der'), place },
      )
    }),
    { seed: SEED, numRuns: 50 },
  )
})

test('[KR1] temporary credentials hold at every ring that has their key, with the secret of that key', () => {
  fc.assert(
    fc.property(rings, fc.integer({ min: 0, max: 9 }), (ring, by) => {
      const issued = new AnAccess(keyOf(by)).issue()
      const [first, ...others] = ring.map(keyOf)
      const { temporaryCredentials } = new AnAccess(first, ...others)
      const opened = temporaryCredentials.open(issued.accessKeyId, issued.sessionToken)
      expect(opened?.secretAccessKey).toBe(ring.includes(by) ? issued.secretAccessKey : undefined)
    }),
    { seed: SEED, numRuns: 50 },
  )
})

test('[KR1] a key that is given twice counts once, and every key has 32 bytes', () => {
  expect(new Keyring([keyOf(1), keyOf(2), keyOf(1), keyOf(2)])).toEqual(new Keyring([keyOf(1), keyOf(2)]))
  expect(new Keyring([keyOf(1), keyOf(2), keyOf(1)]).subkeys('page')).toHaveLength(2)
  expect(() => new Keyring([keyOf(1), Buffer.alloc(31)])).toThrow('31 bytes')
})

test('[KR8] a fingerprint names a key and shows nothing of it', () => {
  const { fingerprints } = ringOf([1, 2, 3])
  expect(new Set(fingerprints).size).toBe(3)
  for (const fingerprint of fingerprints) expect(fingerprint).toMatch(/^[0-9a-f]{12}$/)
  expect(ringOf([1]).fingerprints).toEqual(['b774165ce1ed'])
})

/** What the first version with these forms has sealed; whatever comes after it has to open them. */
const GOLDEN_KEY = Buffer.from(Array.from({ length: 32 }, (_, at) => (at * 7 + 3) & 255))
const GOLDEN_TEXTS: Readonly<Record<SealPurpose, string>> = {
  credentials: 'ApG59LmTcMR94xkgOIpHplrAIWEF0HewWA6Ymo2QofsIZ29sZGVuIHRleHQg4piC',
  page: 'AZGgI4r5P9OzXXbLsobHFUdwAoOvvjCH-2fYlqJ5ySFAZ29sZGVuIHRleHQg4piC',
  'stream-records': 'ANr9qsdTIgq6iiqVza5CgR2T5LbzkbpeHph9aDbgpqYMZ29sZGVuIHRleHQg4piC',
  'sync-session': 'A8rLcDG59c8cLCJRZjuj9oKhgmNuEy0ihslirxrZ__D4Z29sZGVuIHRleHQg4piC',
}
const GOLDEN_RINGS: readonly (readonly [string, Keyring])[] = [
  ['alone', new Keyring([GOLDEN_KEY])],
  ['behind others', new Keyring([keyOf(1), keyOf(2), GOLDEN_KEY])],
]

describe.each(GOLDEN_RINGS)('[KR2] what earlier versions sealed opens with their key %s', (_, keyring) => {
  const seal = new Seal(keyring)

  test.each(PURPOSES)('a text for %s', (purpose) => {
    expect(seal.open(purpose, ['pool', 'Ada'], GOLDEN_TEXTS[purpose])).toBe('golden text ☂')
  })

  test('temporary credentials', () => {
    const { clock, random } = new AnAccess()
    const opened = new TemporaryCredentials({ keyring, seal, clock, random }).open(
      'ASIA2222222222222222',
      'ALzVFWxeWI3VdRl6VTtGwDtffU5URfcdAmb92c_Edz6UeyJwb29sIjoidXMtZWFzdC0xOnAiLCJpZGVudGl0eSI6InVzLWVhc3QtMTppIiwiYXV0aGVudGljYXRlZCI6dHJ1ZSwicm9sZSI6ImFybjphd3M6aWFtOjowMDAwMDAwMDAwMDA6cm9sZS9hcHAiLCJzZXNzaW9uIjoicyIsImV4cGlyZXMiOjE3OTAwMDM2MDB9',
    )
    expect(opened).toEqual({
      caller: {
        kind: 'identity',
        pool: 'us-east-1:p',
        identity: 'us-east-1:i',
        authenticated: true,
        roleArn: 'arn:aws:iam::000000000000:role/app',
        sessionName: 's',
        accessKeyId: 'ASIA2222222222222222',
        expiresAt: 1_790_003_600_000,
      },
      secretAccessKey: 'SKcC/p/mLREexO0DsyfQzpsNAzbj2430kA8RfQPG',
    })
  })

  test('a private key of the database', () => {
    const closed = 'WlpaWlpaWlpaWlpae8ebWa2SDQAHCyY0WP2/m6LREhICV62s3MBZ5jUQmUARNTH5'
    const opened = new PrivateKeyBox(keyring, new SeededRandom(1)).open('us-east-11790000000', closed)
    expect(opened?.privateKey.toString()).toBe('a private key in DER')
  })

  test('a link to records', () => {
    const token = 'AqqIHgTox00wUkOnCU-ddnGiarRYPX_IoQ5-qDQGY2fAWyJlLTEiLDYwMDBd'
    expect(openRecordsLink(seal, token, 5_999)).toBe('e-1')
  })

  test('a sync session', () => {
    const clock = new HeldClock(1_790_000_000_000)
    const path = { pool: 'us-east-1:p', identity: 'us-east-1:i', dataset: 'd' } as DatasetPath
    const token = 'ARn5WUzNuaUBls3G_bFyn74p0s62CWY_81D3e9pKew-kMG11YmJzN2k4V2xwYVdscGFXbHBhV2xwYVdscGFXZw'
    expect(new SyncSessions({ seal, clock, random: new SeededRandom(1) }).idOf(path, token)).toMatch(/^0mubbs7i8/)
  })
})

test('[KR2] sealed texts still have the form that earlier versions open', () => {
  const seal = new Seal(new Keyring([GOLDEN_KEY, keyOf(9)]))
  for (const purpose of PURPOSES) {
    expect(seal.close(purpose, ['pool', 'Ada'], 'golden text ☂')).toBe(GOLDEN_TEXTS[purpose])
  }
  const link = recordsLink(recordsLinkKey(new Keyring([GOLDEN_KEY]), 1_000), {
    publicUrl: 'http://h',
    eventId: 'e-1',
    at: 5_000,
  })
  expect(link).toBe(`http://h${RECORDS_LINK_PATH}AqqIHgTox00wUkOnCU-ddnGiarRYPX_IoQ5-qDQGY2fAWyJlLTEiLDYwMDBd`)
})
