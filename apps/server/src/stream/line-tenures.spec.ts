import type { Tenure } from './held-tenure.js'
import { LineTenures } from './line-tenures.js'

const SEND_MS = 6_000

const aTenure = (shard: number, leftMs = SEND_MS): Tenure => ({
  shard,
  lease: { name: `shard-${shard}`, holder: 'me', epoch: 1, until: leftMs },
  leftMs: () => leftMs,
})

function tenuresOf(...held: readonly Tenure[]): LineTenures {
  const tenures = new LineTenures({ sendMsMax: SEND_MS })
  for (const tenure of held) tenures.begin(tenure)
  return tenures
}

test('[V23] a shard is ready while its lease outlasts the longest send', () => {
  const tenures = tenuresOf(aTenure(1), aTenure(2, SEND_MS - 1))
  const ready = tenures.ready()
  expect([...ready.keys()]).toEqual([1])
  expect(tenures.areFew(ready)).toBe(true)
})

test('[V23] under a tenure that is left nothing begins, and it lasts until it ends', () => {
  const [one, two] = [aTenure(1), aTenure(2)]
  const tenures = tenuresOf(one, two)
  const then = tenures.ready()
  tenures.leave(one)
  expect([...tenures.ready().keys()]).toEqual([2])
  expect(tenures.areFew(tenures.ready())).toBe(false)
  expect([tenures.lasts(then, 1), tenures.goesOn(then, 1), tenures.goesOn(then, 2)]).toEqual([true, false, true])
  expect(tenures.end(one)).toBe(true)
  expect([tenures.lasts(then, 1), tenures.lasts(then, 2)]).toEqual([false, true])
  expect(tenures.areFew(new Map())).toBe(true)
})

test('[V23] a shard that is held anew is under another tenure than before, which can no longer end it', () => {
  const [before, now] = [aTenure(1), aTenure(1)]
  const tenures = tenuresOf(before)
  const then = tenures.ready()
  tenures.begin(now)
  expect([tenures.lasts(then, 1), tenures.end(before), tenures.ready().get(1)]).toEqual([false, false, now])
  expect(tenures.end(now)).toBe(true)
  expect(tenures.ready().size).toBe(0)
})

test('[V23] a shard that was not held then does not last', () => {
  const tenures = tenuresOf(aTenure(1))
  expect([tenures.lasts(new Map(), 1), tenures.goesOn(new Map(), 1)]).toEqual([false, false])
})
