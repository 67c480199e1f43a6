import fc from 'fast-check'
import { edited } from './edit-key.js'
import { arrived, departed, returned } from './flight.js'
import { placedValue, type Held, type HeldRecord } from './held.js'
import { pulled } from './pull.js'
import { replaced } from './snapshot-key.js'
import { standingOf } from './standing.js'
import { count, edit, flown, held, ME, NOW, pending, record, sent } from './testing/a-held.js'

const value = fc.constantFrom('dark', 'light', '', null)
const step = fc.nat(8)

/** A record as the rules can make one: written by another device, or on from there by this one, or gone. */
const records: fc.Arbitrary<HeldRecord> = fc
  .record({ value, at: fc.integer({ min: 1, max: 8 }), own: step, gone: fc.boolean() })
  .map((r) => {
    const more = r.gone && r.value === null ? { gone: true } : {}
    return record(r.value, r.at, { ...(r.own < r.at ? { ownSince: count(r.own) } : {}), ...more })
  })

const keys: fc.Arbitrary<Held> = fc
  .record({
    record: fc.option(records),
    pending: fc.option(fc.record({ value, base: step })),
    flown: fc.option(fc.record({ value, base: step })),
  })
  .map((key) =>
    held({
      record: key.record,
      pending: key.pending && pending(key.pending.value, key.pending.base),
      flown: key.flown && flown(key.flown.value, key.flown.base),
    }),
  )

/** For edits that knew no more than what is held. */
const inTime = ({ record: known, pending: waiting, flown: sending }: Held): boolean =>
  Math.max(waiting?.base ?? 0, sending?.base ?? 0) <= (known?.count ?? 0)

test('[ND1] whatever another device writes, no edit that did not see it goes out over it', () => {
  fc.assert(
    fc.property(keys.filter(inTime), value, (before, written) => {
      const at = (before.record?.count ?? 0) + 1
      const { held: after } = pulled(returned(before, NOW).held, sent(written, at), ME, NOW)
      expect(departed(after, NOW).flown).toBeNull()
      if (after.pending !== null) expect(standingOf(after.pending, after.record, NOW)).toBe('clash')
    }),
  )
})

test('[ND5] what follows an accepted edit of this device’s own is never held back', () => {
  fc.assert(
    fc.property(keys.filter(inTime), value, value, (before, sending, newer) => {
      const ready = departed(
        edited(returned(before, NOW).held, edit(sending, before.record?.count ?? 0), NOW).held,
        NOW,
      )
      fc.pre(ready.flown !== null)
      const at = (before.record?.count ?? 0) + 1
      const later = edited(ready, edit(newer, before.record?.count ?? 0), NOW).held
      const { held: after } = arrived(later, { outcome: 'accepted', syncCount: count(at), at: 1, by: ME }, NOW)
      if (after.pending === null) expect(newer).toBe(sending)
      else expect(departed(after, NOW).flown).toMatchObject({ value: newer, patchBase: at })
    }),
  )
})

test('[ND3] an edit is what shows, and never knows more than the one that it replaces', () => {
  fc.assert(
    fc.property(keys, value, step, (before, chosen, base) => {
      const { held: after } = edited(before, edit(chosen, base), NOW)
      expect(placedValue(after)).toBe(chosen)
      const older = before.pending ?? before.flown
      if (after.pending !== null) expect(after.pending.base).toBe(older === null ? base : older.base)
    }),
  )
})

test('[ND11] [ND12] a snapshot takes away nothing that this device wrote and the server does not have', () => {
  fc.assert(
    fc.property(
      keys,
      fc.option(fc.record({ value, at: fc.integer({ min: 1, max: 8 }) })),
      step,
      (before, told, more) => {
        const through = count((told?.at ?? 0) + more)
        const server = told && sent(told.value, told.at)
        const { held: after } = replaced(before, { record: server, through, device: ME }, NOW)
        const known = before.record
        const ownAndLost =
          known !== null &&
          !known.gone &&
          known.ownSince < known.count &&
          (told === null ? known.count > through : told.at <= known.count)
        if (before.pending !== null || before.flown !== null || ownAndLost) {
          expect(placedValue(after)).toBe(placedValue(before))
        } else expect(placedValue(after)).toBe(told?.value ?? null)
        expect(after.flown?.patchBase).toBe(before.flown?.patchBase)
      },
    ),
  )
})
