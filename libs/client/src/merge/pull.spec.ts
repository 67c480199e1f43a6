import { nothingHeld } from './held.js'
import { pulled } from './pull.js'
import { count, flown, held, KEY, ME, NOW, ownSince, pending, record, sent } from './testing/a-held.js'

test('a record of a key that nothing is held of is held', () => {
  expect(pulled(nothingHeld(KEY), sent('light', 5), ME, NOW)).toEqual({
    held: held({ record: record('light', 5) }),
    settled: [],
  })
})

test.each([
  ['the same count', 5],
  ['a lower count', 4],
])('[ND10] a record of %s than the one that is held says nothing', (_, at) => {
  const before = held({ record: record('light', 5) })
  expect(pulled(before, sent('older', at), ME, NOW)).toEqual({ held: before, settled: [] })
})

test('[ND1] another device’s record makes a pending edit clash, which stays', () => {
  const before = held({ record: record('light', 5), pending: pending('dark', 5) })
  expect(pulled(before, sent('blue', 6), ME, NOW)).toEqual({
    held: { ...before, record: record('blue', 6) },
    settled: [],
  })
})

test('[ND2] another device’s record of the same value settles a pending edit', () => {
  const before = held({ record: record('light', 5), pending: pending('dark', 5) })
  expect(pulled(before, sent('dark', 6), ME, NOW).settled).toEqual([{ through: 9, as: 'accepted' }])
})

test('[ND5] the edit on its way, coming back as a record, is no other device’s', () => {
  const before = held({ record: record('light', 5), flown: flown('dark', 5), pending: pending('blue', 5) })
  expect(pulled(before, sent('dark', 6, ME), ME, NOW).held.record).toEqual(record('dark', 6, ownSince(5)))
})

test('[ND5] the first edit of a key, coming back as a record, is own from the start', () => {
  expect(pulled(held({ flown: flown('dark', 0) }), sent('dark', 1, ME), ME, NOW).held.record).toMatchObject({
    ownSince: 0,
  })
})

test.each([
  ['another value', held({ record: record('light', 5), flown: flown('dark', 5) }), sent('copy', 6, ME)],
  [
    'another base',
    held({ record: record('light', 5), flown: flown('dark', 5, { patchBase: count(4) }) }),
    sent('dark', 6, ME),
  ],
  ['nothing on its way', held({ record: record('light', 5) }), sent('dark', 6, ME)],
  ['another writer', held({ record: record('light', 5), flown: flown('dark', 5) }), sent('dark', 6)],
])(
  '[ND5] a record under this device’s id with %s is a copied store’s, and clashes like any other',
  (_, before, came) => {
    expect(pulled(before, came, ME, NOW).held.record).toMatchObject({ count: 6, ownSince: 6 })
  },
)
