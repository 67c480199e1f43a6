import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { fairShare } from './fair-share.js'

const sharesOf = (held: ReadonlyMap<string, number>, shards = 8) =>
  new Map([...held.keys()].map((relay) => [relay, fairShare(relay, held, shards)]))

test.each([
  ['one has all of it', { a: 8 }, { a: 8 }],
  ['one that comes gets half', { a: 8, b: 0 }, { a: 4, b: 4 }],
  ['what does not divide goes to those that have most', { a: 2, b: 3, c: 3 }, { a: 2, b: 3, c: 3 }],
  ['a fourth takes one of two that had more', { a: 3, b: 2, c: 3, d: 0 }, { a: 2, b: 2, c: 2, d: 2 }],
  ['a fifth is not left without', { a: 2, b: 2, c: 2, d: 2, e: 0 }, { a: 2, b: 2, c: 2, d: 1, e: 1 }],
  ['names decide between those that have as many', { b: 0, c: 0, a: 0 }, { a: 3, b: 3, c: 2 }],
  [
    'with more than there are shards some have none',
    { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 0 },
    { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 0 },
  ],
])('[SN2] %s', (_, held, shares) => {
  expect(Object.fromEntries(sharesOf(new Map(Object.entries(held))))).toEqual(shares)
})

test('[SN2] whoever is not there has no share', () => {
  expect(fairShare('b', new Map([['a', 8]]), 8)).toBe(0)
})

test('[SN2] whatever each has, the shares are all there is, differ by one at most, and as little changes hands as can', () => {
  const random = new SeededRandom(22)
  for (let run = 0; run < 400; run++) {
    const shards = 1 + random.below(12)
    const held = new Map(Array.from({ length: 1 + random.below(12) }, (_, n) => [`relay ${n}`, 0]))
    const relays = [...held.keys()]
    for (let shard = 0; shard < shards; shard++) {
      if (random.next() < 0.2) continue // free
      const owner = relays[random.below(random.below(relays.length) + 1)]!
      held.set(owner, held.get(owner)! + 1)
    }
    const shares = sharesOf(held, shards)
    const counts = [...shares.values()]
    expect(counts.reduce((sum, count) => sum + count)).toBe(shards)
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
    const given = relays.reduce((sum, relay) => sum + Math.max(0, held.get(relay)! - shares.get(relay)!), 0)
    expect(given).toBe(fewestGiven([...held.values()], shards))
    // What everybody has once everybody has its share stays as it is.
    expect(sharesOf(shares, shards)).toEqual(shares)
  }
})

/** By trying every way to say who gets one more. */
function fewestGiven(held: readonly number[], shards: number): number {
  const [least, more] = [Math.floor(shards / held.length), shards % held.length]
  let fewest = Infinity
  for (let chosen = 0; chosen < 2 ** held.length; chosen++) {
    const extra = held.map((_, at) => (chosen >> at) & 1)
    if (extra.reduce((sum, one) => sum + one) !== more) continue
    fewest = Math.min(
      fewest,
      held.reduce((sum, count, at) => sum + Math.max(0, count - least - extra[at]!), 0),
    )
  }
  return fewest
}
