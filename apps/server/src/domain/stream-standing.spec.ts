import fc from 'fast-check'
import {
  comparePositions,
  previousOf,
  streamStanding,
  type StreamLink,
  type StreamPosition,
  type StreamStanding,
} from './stream-standing.js'

const at = (epoch: number, syncCount: number): StreamPosition => ({ epoch, syncCount })
/** `before`: epoch and count of the change before it; without it, the count before in the same epoch. */
const link = (epoch: number, syncCount: number, before: readonly [number, number] = follows(epoch, syncCount)) => {
  const [previousEpoch, previous] = before
  return { epoch, syncCount, previousEpoch, previous }
}
const follows = (epoch: number, syncCount: number) => (syncCount === 1 ? FIRST : ([epoch, syncCount - 1] as const))
const FIRST = [0, 0] as const

test.each<readonly [string, StreamPosition | null, StreamLink, StreamStanding]>([
  ['the first change of a dataset is next', null, link(1, 1), 'next'],
  ['a first change behind a time without a stream is next', null, link(1, 9, FIRST), 'next'],
  ['a first change behind one that is missing is ahead', null, link(1, 2), 'ahead'],
  ['the change after the last is next', at(1, 4), link(1, 5), 'next'],
  ['the last once more is repeated', at(1, 4), link(1, 4), 'repeated'],
  ['an older one is repeated', at(1, 4), link(1, 1), 'repeated'],
  ['one behind a missing one is ahead', at(1, 4), link(1, 6), 'ahead'],
  ['counts the stream never carried are no gap', at(1, 4), link(1, 40, [1, 4]), 'next'],
  ['a missing change before counts the stream never carried is a gap', at(1, 4), link(1, 40, [1, 5]), 'ahead'],
  ['a change that names one before the last is next: the last was a snapshot', at(1, 20), link(1, 21, [1, 10]), 'next'],
  ['the first change of a dataset created anew is next', at(1, 7), link(2, 8, [1, 7]), 'next'],
  ['a dataset created anew, its deletion missing, is ahead', at(1, 6), link(2, 8, [1, 7]), 'ahead'],
  ['a dataset created anew while the stream was off is next', at(1, 7), link(2, 9, [1, 7]), 'next'],
  ['the second change of a dataset created anew, the first missing, is ahead', at(1, 7), link(2, 9), 'ahead'],
  ['what came before the dataset was created anew is repeated', at(2, 8), link(1, 7), 'repeated'],
  ['a count that comes again after a backup was put back is next', at(1, 10), link(9, 7, [1, 6]), 'next'],
  ['and so is the one after it', at(9, 7), link(9, 8), 'next'],
  ['the second change after a backup was put back, the first missing, is ahead', at(1, 10), link(9, 8), 'ahead'],
  ['and so it is where its count was never reached', at(1, 6), link(9, 8), 'ahead'],
  ['the old history after a backup was put back is repeated', at(9, 7), link(1, 10), 'repeated'],
  ['a restored dataset that had gone further elsewhere is ahead', at(1, 3), link(9, 9, [1, 8]), 'ahead'],
  ['the first change in another topic is next', null, link(2, 30, FIRST), 'next'],
  ['the second change in another topic, the first missing, is ahead', null, link(2, 31), 'ahead'],
  ['the first change back in a topic it was in before is next', at(1, 4), link(2, 30, FIRST), 'next'],
  ['the first change in another topic behind a snapshot is next', at(2, 29), link(2, 30, FIRST), 'next'],
])('[V70] %s', (_, last, change, standing) => {
  expect(streamStanding(last, change)).toBe(standing)
})

/**
 * A dataset's changes as a topic may carry them: counts left out while the stream was off, the dataset deleted and created anew, a backup put back, the stream in
 * another topic for a while.
 */
const histories = (...steps: readonly ('next' | 'off' | 'anew' | 'restored' | 'elsewhere')[]) =>
  fc.array(fc.constantFrom('next', ...steps), { minLength: 2, maxLength: 12 }).map((taken) => {
    const history: StreamLink[] = []
    let [epoch, syncCount] = [1, 0]
    let before: readonly [number, number] = FIRST
    for (const step of taken) {
      if (step === 'off') syncCount += 3
      if (step === 'anew') epoch += 1
      if (step === 'restored') {
        const kept = history.at(-3)
        if (kept !== undefined) {
          ;[epoch, syncCount] = [epoch + 100, kept.syncCount]
          before = [kept.epoch, kept.syncCount]
        }
      }
      if (step === 'elsewhere') {
        syncCount += 2
        before = FIRST
      }
      syncCount += 1
      history.push(link(epoch, syncCount, before))
      before = [epoch, syncCount]
    }
    return history
  })

test('[V70] whatever is repeated, and wherever, a reader takes each change once and in order', () => {
  const resent = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 8 })
  fc.assert(
    fc.property(histories('off', 'anew', 'restored', 'elsewhere'), resent, (history, ranges) => {
      // Each time the sender starts again it goes back to some change that was sent, and on in order from there.
      const sent: StreamLink[] = []
      let reached = 0
      for (const [back, length] of ranges) {
        const from = Math.max(0, reached - back)
        const to = Math.min(history.length, from + length)
        sent.push(...history.slice(from, to))
        reached = Math.max(reached, to)
      }
      expect(taken([...sent, ...history.slice(reached)])).toEqual(history)
    }),
  )
})

test('[V70] whichever change is left out, the one behind it is taken exactly if it names another as the one before', () => {
  fc.assert(
    fc.property(histories('off', 'anew', 'restored', 'elsewhere'), fc.nat(10), (history, at) => {
      const missing = at % (history.length - 1)
      const behind = history[missing + 1]!
      const took = taken(history.filter((_, index) => index !== missing))
      expect(took.includes(behind)).toBe(comparePositions(previousOf(behind), history[missing]!) !== 0)
    }),
  )
})

test('[V70] within a chain, whichever change is left out, nothing behind it is taken before it comes', () => {
  fc.assert(
    fc.property(histories('off', 'anew'), fc.nat(10), (history, at) => {
      const missing = at % (history.length - 1)
      const holed = history.filter((_, index) => index !== missing)
      expect(taken(holed)).toEqual(history.slice(0, missing))
      expect(taken([...holed, ...history.slice(missing)])).toEqual(history)
    }),
  )
})

function taken(sent: readonly StreamLink[]): readonly StreamLink[] {
  const took: StreamLink[] = []
  for (const change of sent) if (streamStanding(took.at(-1) ?? null, change) === 'next') took.push(change)
  return took
}
