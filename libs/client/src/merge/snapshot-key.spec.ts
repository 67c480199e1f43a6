import type { SyncRecord } from '@satchel/protocol'
import { nothingHeld, type Held } from './held.js'
import { replaced } from './snapshot-key.js'
import { count, flown, held, KEY, ME, NOW, ownSince, pending, record, sent } from './testing/a-held.js'

const told = (known: SyncRecord | null, through: number) => ({ record: known, through: count(through), device: ME })
const goneAt = (through: number) => record(null, through, { modifiedAt: 1_005, modifiedBy: '', gone: true })

describe('a snapshot of a server that went on', () => {
  const cases: [string, Held, SyncRecord | null, Held][] = [
    ['brings a new key', nothingHeld(KEY), sent('light', 5), held({ record: record('light', 5) })],
    [
      'brings a newer record',
      held({ record: record('light', 5) }),
      sent('dark', 7),
      held({ record: record('dark', 7) }),
    ],
    [
      'leaves an own record own',
      held({ record: record('mine', 5, ownSince(2)) }),
      sent('mine', 5, ME),
      held({ record: record('mine', 5, ownSince(2)) }),
    ],
    [
      'leaves a pending edit of a key that the server never had',
      held({ pending: pending('dark', 0) }),
      null,
      held({ pending: pending('dark', 0) }),
    ],
    [
      'adopts the removal of a key that the server never had',
      held({ pending: pending(null, 0) }),
      null,
      nothingHeld(KEY),
    ],
    ['removes a record that is not in it', held({ record: record('light', 5) }), null, held({ record: goneAt(8) })],
    ['forgets a removed record with the next one', held({ record: goneAt(6) }), null, nothingHeld(KEY)],
    [
      'remembers a removed record while an edit waits',
      held({ record: goneAt(6), pending: pending('dark', 5) }),
      null,
      held({ record: goneAt(6), pending: pending('dark', 5) }),
    ],
    [
      'remembers a removed record while an edit is on its way',
      held({ record: goneAt(6), flown: flown('dark', 5) }),
      null,
      held({ record: goneAt(6), flown: flown('dark', 5) }),
    ],
    [
      'keeps what a collected tombstone says of edits',
      held({ record: record(null, 5, ownSince(3)), pending: pending('dark', 4) }),
      null,
      held({ record: record(null, 5, { ...ownSince(3), gone: true }), pending: pending('dark', 4) }),
    ],
  ]
  test.each(cases)('[ND11] %s', (_, before, known, after) => {
    expect(replaced(before, told(known, 8), NOW).held).toEqual(after)
  })
})

describe('a snapshot of a server that was set back', () => {
  const repended = (value: string, base: number) => pending(value, base, { at: 1_009, place: 9 })
  const cases: [string, Held, SyncRecord | null, Held][] = [
    [
      'makes what this device wrote an edit again',
      held({ record: record('mine', 9, ownSince(4)) }),
      sent('old', 4),
      held({ record: record('old', 4), pending: repended('mine', 4) }),
    ],
    [
      'also where the server has no record',
      held({ record: record('mine', 9, ownSince(0)) }),
      null,
      held({ pending: repended('mine', 0) }),
    ],
    [
      'takes back what another device wrote',
      held({ record: record('theirs', 9) }),
      sent('old', 4),
      held({ record: record('old', 4) }),
    ],
    [
      'forgets another device’s record that it does not have',
      held({ record: record('theirs', 9) }),
      null,
      nothingHeld(KEY),
    ],
    [
      'needs no edit where the value is the same',
      held({ record: record('same', 9, ownSince(4)) }),
      sent('same', 4),
      held({ record: record('same', 4) }),
    ],
    [
      'lets a pending edit that knew more go on from what there is',
      held({ record: record('theirs', 9), pending: pending('dark', 9) }),
      sent('old', 4),
      held({ record: record('old', 4), pending: pending('dark', 4) }),
    ],
    [
      'lets an edit on its way go on from what there is',
      held({ record: record('mine', 9, ownSince(4)), flown: flown('dark', 7, { patchBase: count(9) }) }),
      sent('old', 4),
      held({ record: record('old', 4), flown: flown('dark', 4, { patchBase: count(9) }) }),
    ],
    [
      'leaves a clash with a record that it kept',
      held({ record: record('theirs', 9), pending: pending('dark', 3) }),
      sent('old', 4),
      held({ record: record('old', 4), pending: pending('dark', 3) }),
    ],
    [
      'knows an earlier own record as own',
      held({ record: record('mine', 9, ownSince(2)), pending: pending('dark', 3) }),
      sent('before', 5, ME),
      held({ record: record('before', 5, ownSince(2)), pending: pending('dark', 5) }),
    ],
    [
      'does not know a record as own that came before the own ones',
      held({ record: record('mine', 9, ownSince(7)) }),
      sent('before', 5, ME),
      held({ record: { ...record('before', 5), modifiedBy: ME }, pending: repended('mine', 5) }),
    ],
    [
      'sees another record of the same count',
      held({ record: record('mine', 6, ownSince(4)) }),
      sent('theirs', 6),
      held({ record: record('theirs', 6), pending: pending('mine', 6, { at: 1_006, place: 9 }) }),
    ],
    [
      'brings back a record that was thought removed',
      held({ record: goneAt(6) }),
      sent('old', 4),
      held({ record: record('old', 4) }),
    ],
    ['forgets a removal that it never saw', held({ record: goneAt(9) }), null, nothingHeld(KEY)],
  ]
  test.each(cases)('[ND12] %s', (_, before, known, after) => {
    expect(replaced(before, told(known, 8), NOW).held).toEqual(after)
  })

  test('[ND12] the edit has the time at which this device made it', () => {
    const before = held({ record: record('mine', 9, { ...ownSince(4), deviceModifiedAt: 77 }) })
    expect(replaced(before, told(sent('old', 4), 4), NOW).held.pending).toMatchObject({ value: 'mine', at: 77 })
  })
})
