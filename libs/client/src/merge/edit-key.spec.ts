import { broughtAlong, decided, edited, parked } from './edit-key.js'
import { edit, flown, held, KEY, NOW, ownSince, pending, record } from './testing/a-held.js'
import { nothingHeld } from './held.js'

const why = { code: 'LimitExceeded', message: 'full' } as const
const now = (value: string | null, base: number, at = 60) => pending(value, base, { at, place: 9 })

describe('edited', () => {
  test('an edit of a key that nothing is held of is pending with the base that it saw', () => {
    expect(edited(nothingHeld(KEY), edit('dark', 0), NOW)).toEqual({
      held: held({ pending: now('dark', 0) }),
      settled: [],
    })
  })

  test('[ND3] an edit takes the place of a pending one and keeps its base', () => {
    const before = held({ record: record('light', 7), pending: pending('dark', 3) })
    expect(edited(before, edit('blue', 7), NOW)).toEqual({ held: { ...before, pending: now('blue', 3) }, settled: [] })
  })

  test('[ND3] an edit above one on its way keeps that one’s base, whatever came meanwhile', () => {
    const before = held({ record: record('light', 7), flown: flown('dark', 3) })
    expect(edited(before, edit('blue', 7), NOW)).toEqual({ held: { ...before, pending: now('blue', 3) }, settled: [] })
  })

  test('[ND2] putting back what the server has leaves nothing to send', () => {
    const before = held({ record: record('light', 5), pending: pending('dark', 5) })
    const moved = edited(before, edit('light', 5), NOW)
    expect(moved).toEqual({ held: held({ record: record('light', 5) }), settled: [{ through: 9, as: 'accepted' }] })
  })

  test('[ND9] putting a parked key sends it again', () => {
    const before = held({ pending: pending('dark', 0, { parked: why }) })
    expect(edited(before, edit('blue', 0), NOW).held.pending).toEqual(now('blue', 0))
  })
})

describe('brought along from a guest', () => {
  test('[ND23] the guest’s value saw nothing, so it clashes with a record of another device', () => {
    const before = held({ record: record('light', 5), pending: pending('dark', 5) })
    expect(broughtAlong(before, edit('blue', 3), NOW).held).toEqual({ ...before, pending: now('blue', 0) })
  })

  test('[ND23] an equal value is adopted', () => {
    const before = held({ record: record('light', 5) })
    expect(broughtAlong(before, edit('light', 0), NOW)).toEqual({
      held: before,
      settled: [{ through: 9, as: 'accepted' }],
    })
  })
})

describe('decided', () => {
  const clash = held({ record: record('light', 7), pending: pending('dark', 3) })

  test('[ND8] taking the server’s value drops the edit', () => {
    expect(decided(clash, { over: 5, edit: null }, NOW)).toEqual({
      held: held({ record: record('light', 7) }),
      settled: [{ through: 9, as: 'overruled' }],
    })
  })

  test('[ND8] taking another value takes its base as well', () => {
    expect(decided(clash, { over: 5, edit: edit('blue', 7) }, NOW)).toEqual({
      held: { ...clash, pending: now('blue', 7) },
      settled: [],
    })
  })

  test('[ND8] deciding for the server’s very value leaves nothing to send', () => {
    expect(decided(clash, { over: 5, edit: edit('light', 7) }, NOW)).toEqual({
      held: held({ record: record('light', 7) }),
      settled: [{ through: 9, as: 'accepted' }],
    })
  })

  test('[ND8] a decision over an edit that was replaced meanwhile says nothing', () => {
    expect(decided(clash, { over: 4, edit: null }, NOW)).toEqual({ held: clash, settled: [] })
  })

  test('dropping an edit above one on its way waits for that one', () => {
    const both = { ...clash, flown: flown('old', 3) }
    expect(decided(both, { over: 5, edit: null }, NOW)).toEqual({ held: { ...both, pending: null }, settled: [] })
  })

  test.each([
    ['nothing is left and the server has the value', edit('light', 7), 'accepted'],
    ['nothing is left and the server has another value', edit('blue', 7), 'overruled'],
    ['nothing is left and the server was chosen', null, 'overruled'],
  ])('a late decision is settled at once when %s', (_, chosen, as) => {
    const before = held({ record: record('light', 7) })
    expect(decided(before, { over: 5, edit: chosen }, NOW)).toEqual({ held: before, settled: [{ through: 9, as }] })
  })

  test.each([
    ['removed', edit(null, 0), 'accepted'],
    ['written', edit('x', 0), 'overruled'],
  ])('a late decision about a key that is not there, %s', (_, chosen, as) => {
    expect(decided(nothingHeld(KEY), { over: 5, edit: chosen }, NOW).settled).toEqual([{ through: 9, as }])
  })
})

describe('parked', () => {
  test('[ND9] a parked edit stays and its writer is told', () => {
    const before = held({ record: record('light', 5, ownSince(2)), pending: pending('dark', 5) })
    expect(parked(before, why, NOW)).toEqual({
      held: { ...before, pending: pending('dark', 5, { parked: why }) },
      settled: [{ through: 9, as: why }],
    })
  })

  test('parking above an edit on its way tells no more than it knows', () => {
    const before = held({ pending: pending('dark', 5), flown: flown('old', 5) })
    expect(parked(before, why, NOW).settled).toEqual([{ through: 5, as: why }])
  })

  test('parking a key without a pending edit changes nothing', () => {
    const before = held({ record: record('light', 5) })
    expect(parked(before, why, NOW)).toEqual({ held: before, settled: [] })
  })
})
