import { arrived, departed, patchOf, returned } from './flight.js'
import type { Held } from './held.js'
import { count, flown, held, KEY, ME, NOW, ownSince, pending, record } from './testing/a-held.js'

const accepted = (at: number) => ({ outcome: 'accepted', syncCount: count(at), at: 2_000, by: ME }) as const

describe('departed', () => {
  test('[ND4] a sendable edit goes out against the record’s count', () => {
    const before = held({ record: record('light', 8, ownSince(5)), pending: pending('dark', 5) })
    expect(departed(before, NOW)).toEqual({
      ...before,
      pending: null,
      flown: flown('dark', 5, { at: 50, place: 5, patchBase: count(8) }),
    })
  })

  const parkedWhy = { code: 'LimitExceeded', message: 'full' } as const
  test.each<[string, Held]>([
    ['clashes', held({ record: record('light', 8), pending: pending('dark', 5) })],
    ['is parked', held({ pending: pending('dark', 0, { parked: parkedWhy }) })],
    ['waits for an older one', held({ pending: pending('dark', 0), flown: flown('old', 0) })],
    ['is not there', held({ record: record('light', 8) })],
  ])('[ND4] an edit that %s stays', (_, before) => {
    expect(departed(before, NOW)).toBe(before)
  })
})

describe('arrived', () => {
  test('[ND5] an accepted edit is the record now, and what was own stays own', () => {
    const before = held({ record: record('light', 5), flown: flown('dark', 5) })
    expect(arrived(before, accepted(6), NOW)).toEqual({
      held: held({
        record: record('dark', 6, { ...ownSince(5), modifiedAt: 2_000, deviceModifiedAt: 40 }),
      }),
      settled: [{ through: 9, as: 'accepted' }],
    })
  })

  test('[ND5] the first record of a key is own from the start', () => {
    expect(arrived(held({ flown: flown('dark', 0) }), accepted(1), NOW).held.record).toMatchObject({
      count: 1,
      ownSince: 0,
    })
  })

  test('[ND5] an edit made meanwhile goes on from the accepted one, and is not settled by it', () => {
    const before = held({ record: record('light', 5), flown: flown('dark', 5), pending: pending('blue', 5) })
    const moved = arrived(before, accepted(6), NOW)
    expect(moved.settled).toEqual([{ through: 4, as: 'accepted' }])
    expect(departed(moved.held, NOW).flown).toMatchObject({ value: 'blue', patchBase: 6 })
  })

  test('[ND2] an edit made meanwhile that is equal to the accepted one has nothing to send', () => {
    const before = held({ record: record('light', 5), flown: flown('dark', 5), pending: pending('dark', 5) })
    expect(arrived(before, accepted(6), NOW)).toMatchObject({
      held: { pending: null, flown: null },
      settled: [
        { through: 4, as: 'accepted' },
        { through: 9, as: 'accepted' },
      ],
    })
  })

  test('[ND7] a repeated answer never takes a record back', () => {
    const before = held({ record: record('newer', 8), flown: flown('dark', 5) })
    expect(arrived(before, accepted(6), NOW).held).toEqual(held({ record: record('newer', 8) }))
  })

  test('a key that is not on its way is left alone', () => {
    const before = held({ pending: pending('dark', 0) })
    expect(arrived(before, accepted(1), NOW)).toEqual({ held: before, settled: [] })
  })
})

describe('returned', () => {
  test('[ND6] an edit that was not taken is pending again, as it was', () => {
    expect(returned(held({ flown: flown('dark', 5) }), NOW).held).toEqual(
      held({ pending: pending('dark', 5, { at: 40, place: 4 }) }),
    )
  })

  test('[ND6] a newer edit stays in its place', () => {
    const newer = pending('blue', 5)
    expect(returned(held({ flown: flown('dark', 5), pending: newer }), NOW).held).toEqual(held({ pending: newer }))
  })

  test('[ND2] what came back and is equal to the record by now is adopted', () => {
    const moved = returned(held({ record: record('dark', 6), flown: flown('dark', 5) }), NOW)
    expect(moved).toEqual({ held: held({ record: record('dark', 6) }), settled: [{ through: 9, as: 'accepted' }] })
  })

  test('a key that is not on its way is left alone', () => {
    const before = held({ pending: pending('dark', 0) })
    expect(returned(before, NOW)).toEqual({ held: before, settled: [] })
  })
})

test('[ND4] an edit on its way is sent as the same patch each time', () => {
  const at = { deviceModifiedAt: 40, base: 5, key: KEY }
  expect(patchOf(held({ flown: flown('dark', 5) }))).toEqual({ op: 'replace', value: 'dark', ...at })
  expect(patchOf(held({ flown: flown(null, 5) }))).toEqual({ op: 'remove', ...at })
  expect(() => patchOf(held({}))).toThrow('only an edit on its way has a patch')
})
