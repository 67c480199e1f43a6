import fc from 'fast-check'
import { streamStanding, type StreamLink, type StreamPosition } from './stream-standing.js'

const at = (epoch: number, syncCount: number): StreamPosition => ({ epoch, syncCount })
const link = (epoch: number, syncCount: number, previous = syncCount - 1): StreamLink => ({
  epoch,
  syncCount,
  previous,
})

test.each([
  ['the first change of a dataset is next', null, link(0, 1), 'next'],
  ['a first change behind a time without a stream is next', null, link(0, 9, 0), 'next'],
  ['a first change behind one that is missing is ahead', null, link(0, 2), 'ahead'],
  ['the change after the last is next', at(0, 4), link(0, 5), 'next'],
  ['the last once more is repeated', at(0, 4), link(0, 4), 'repeated'],
  ['an older one is repeated', at(0, 4), link(0, 1), 'repeated'],
  ['one behind a missing one is ahead', at(0, 4), link(0, 6), 'ahead'],
  ['counts the stream never carried are no gap', at(0, 4), link(0, 40, 4), 'next'],
  ['a missing change before counts the stream never carried is a gap', at(0, 4), link(0, 40, 5), 'ahead'],
  ['a change that names one before the last is next: the last was a snapshot', at(0, 20), link(0, 21, 10), 'next'],
  ['the first change of a dataset created anew is next', at(0, 7), link(1, 8), 'next'],
  ['a dataset created anew, its deletion missing, is ahead', at(0, 6), link(1, 8), 'ahead'],
  ['what came before the dataset was created anew is repeated', at(1, 8), link(0, 7), 'repeated'],
  ['a count that comes again after a backup was put back is next', at(0, 10), link(1, 7), 'next'],
  ['and so is the one after it', at(1, 7), link(1, 8), 'next'],
  ['the old history after a backup was put back is repeated', at(1, 7), link(0, 10), 'repeated'],
  ['a restored dataset that had gone further elsewhere is ahead', at(0, 3), link(2, 9, 8), 'ahead'],
] as const)('[V70] %s', (_, last, change, standing) => {
  expect(streamStanding(last, change)).toBe(standing)
})

test('[V70] whatever is repeated, and wherever, a reader takes each change once and in order', () => {
  const history = [1, 2, 3, 7, 8, 9].map((count, index, all) => link(count > 7 ? 1 : 0, count, all[index - 1] ?? 0))
  const resent = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 8 })
  fc.assert(
    fc.property(resent, (ranges) => {
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

test('[V70] whichever change is left out, nothing behind it is taken before it comes', () => {
  const history = [1, 2, 3, 4, 5, 6].map((count) => link(0, count))
  fc.assert(
    fc.property(fc.nat(4), (missing) => {
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
