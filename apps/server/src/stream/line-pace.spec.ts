import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { LinePace } from './line-pace.js'
import { RELAY_BOUNDS } from './relay-bounds.js'
import { anOutboxRow } from './testing/an-outbox-row.js'

const { batchRowsMax, batchBytesMax, restMsPerRow, restMsMax, pollMsMin, pollMsMax } = RELAY_BOUNDS

const rows = (count: number, payload = '{}'): readonly PlacedOutboxRow[] =>
  Array.from({ length: count }, (_, at) => ({ ...anOutboxRow(1, at + 1, { payload }), seq: at + 1 }))

/** A pace, and a read of so many milliseconds that finds what is given. */
function aPace() {
  const clock = new HeldClock()
  const pace = new LinePace(clock, RELAY_BOUNDS)
  const read = (found: readonly PlacedOutboxRow[], ms = 0) => {
    pace.begins()
    clock.advance(ms)
    pace.found(found)
  }
  return { clock, pace, read }
}

test('[V28] a line that begins looks at once', () => {
  const { pace } = aPace()
  expect(pace.isLooking).toBe(true)
  expect(pace.earlyMs()).toBeLessThanOrEqual(0)
})

test.each([
  [0, 0],
  [1, restMsPerRow],
  [3, 3 * restMsPerRow],
  [batchRowsMax - 1, restMsMax],
])('[V28] after a read that found %i rows the next may begin %i ms after that one began', (count, ms) => {
  const { pace, read } = aPace()
  read(rows(count), 2)
  expect([pace.isLooking, pace.earlyMs()]).toEqual([false, ms - 2])
  pace.look()
  expect([pace.isLooking, pace.earlyMs()]).toEqual([true, ms - 2])
})

test.each([
  ['rows', rows(batchRowsMax)],
  ['bytes', rows(1, 'x'.repeat(batchBytesMax))],
])('[V28] after as many %s as fill a batch the next read comes at once, though nobody told of any', (_, found) => {
  const { pace, read } = aPace()
  read(found, 2)
  expect(pace.isLooking).toBe(true)
  expect(pace.earlyMs()).toBeLessThanOrEqual(0)
})

test('[V28] what is told of while a read is under way is for the next one', () => {
  const { pace } = aPace()
  pace.begins()
  expect(pace.isLooking).toBe(false)
  pace.look()
  pace.found(rows(1))
  expect(pace.isLooking).toBe(true)
})

test('[SN6] told of nothing, it rests twice as long each time it finds nothing, up to the most, and again shortly once it finds something', () => {
  const { pace, read } = aPace()
  const restsAfter = (count: number) => {
    pace.rested()
    expect(pace.isLooking).toBe(true)
    read(rows(count))
    return pace.restMs
  }
  read(rows(0))
  expect(pace.restMs).toBe(pollMsMax)
  expect(restsAfter(1)).toBe(pollMsMin)
  expect([restsAfter(0), restsAfter(0)]).toEqual([2 * pollMsMin, 4 * pollMsMin])
  for (let n = 0; n < 10; n++) restsAfter(0)
  expect(pace.restMs).toBe(pollMsMax)
})

test('[SN6] a read of rows that were told of says nothing about those that are not', () => {
  const { pace, read } = aPace()
  read(rows(0))
  pace.look()
  pace.rested()
  read(rows(1))
  expect(pace.restMs).toBe(pollMsMax)
  pace.rested()
  read(rows(1))
  pace.look()
  read(rows(0))
  expect(pace.restMs).toBe(pollMsMin)
})

test('[SN5] once another process told of rows it looks often', () => {
  const { pace } = aPace()
  pace.begins()
  pace.lookOften()
  pace.found(rows(1))
  expect([pace.isLooking, pace.restMs]).toEqual([true, pollMsMin])
})
