import { count, held, NOW, ownSince, pending, record, flown, BEFORE_FIRST_ANSWER } from './testing/a-held.js'
import { adopting, patchBaseOf, standingOf, type EditStanding } from './standing.js'
import type { HeldRecord, Moment } from './held.js'

type Case = [name: string, edit: [string | null, number], HeldRecord | null, EditStanding, Moment?]

const cases: Case[] = [
  ['of a key without a record', ['dark', 0], null, 'sendable'],
  ['that removes a key without a record', [null, 0], null, 'adopted'],
  ['that removes a key of which nothing is known yet', [null, 0], null, 'sendable', BEFORE_FIRST_ANSWER],
  ['made at the record’s count', ['dark', 5], record('light', 5), 'sendable'],
  ['made before another device changed the record', ['dark', 4], record('light', 5), 'clash'],
  ['made before another device removed the record', ['dark', 4], record(null, 5), 'clash'],
  ['that removes what another device changed', [null, 4], record('light', 5), 'clash'],
  ['equal to what another device wrote', ['light', 4], record('light', 5), 'adopted'],
  ['equal to what the record was all along', ['light', 5], record('light', 5), 'adopted'],
  ['that removes what another device removed', [null, 4], record(null, 5), 'adopted'],
  ['made before this device’s own steps', ['dark', 5], record('light', 8, ownSince(5)), 'sendable'],
  ['made between this device’s own steps', ['dark', 7], record('light', 8, ownSince(5)), 'sendable'],
  ['made before another’s step under own ones', ['dark', 4], record('light', 8, ownSince(5)), 'clash'],
  ['made in ignorance of a record that is all own', ['dark', 0], record('light', 2, ownSince(0)), 'sendable'],
]

test.each(cases)('[ND1] [ND2] an edit %s', (_, [value, base], known, standing, moment = NOW) => {
  expect(standingOf({ value, base: count(base) }, known, moment)).toBe(standing)
})

test.each<Case>([
  ['puts back the value that the record has here', ['light', 6], record('light', 5), 'sendable'],
  ['removes what is removed here', [null, 6], record(null, 5), 'sendable'],
  ['removes a key without a record here', [null, 1], null, 'sendable'],
])(
  '[ND1] [NP1] an edit made upon a later record than is held, which %s, is no less an edit',
  (_, [value, base], known, standing) => {
    expect(standingOf({ value, base: count(base) }, known, NOW)).toBe(standing)
  },
)

test.each([
  ['a key without a record is patched against nothing', null, 0],
  ['a record is patched against its count', record('light', 5), 5],
  ['a record that the server dropped is patched against nothing', record(null, 5, { gone: true }), 0],
])('%s', (_, known, base) => {
  expect(patchBaseOf(known)).toBe(base)
})

test('[ND2] an adopted edit is settled as accepted, with all that was written to the key so far', () => {
  const moved = adopting(held({ record: record('light', 5), pending: pending('light', 4) }), NOW)
  expect(moved).toEqual({ held: held({ record: record('light', 5) }), settled: [{ through: 9, as: 'accepted' }] })
})

test('nothing is adopted while an edit of the key is on its way', () => {
  const both = held({ record: record('light', 5), pending: pending('light', 5), flown: flown('dark', 5) })
  expect(adopting(both, NOW)).toEqual({ held: both, settled: [] })
})
