import type { IdentityId } from '@satchel/protocol'
import { SHARDS } from './outbox-row.js'
import { streamPlace } from './stream-place.js'

/** Worked out once by hand, with whole numbers of any size; were one of them to change, datasets would move. */
test.each([
  ['us-east-1:10000000-0000-4000-8000-000000000001', { shard: 7, of1: 0, of7: 5, of12: 10 }],
  ['eu-west-1:ffffffff-ffff-4fff-bfff-ffffffffffff', { shard: 3, of1: 0, of7: 6, of12: 10 }],
  ['us-east-1:0a', { shard: 4, of1: 0, of7: 0, of12: 11 }],
])('[V4] the place of %s never changes', (id, { shard, of1, of7, of12 }) => {
  const identity = id as IdentityId
  expect(streamPlace(identity, 1)).toEqual({ partition: of1, shard })
  expect(streamPlace(identity, 7)).toEqual({ partition: of7, shard })
  expect(streamPlace(identity, 12)).toEqual({ partition: of12, shard })
})

test('[V4] identities that differ in their last characters alone spread evenly over partitions, shards, and both together', () => {
  const partitions = 12
  const found = new Map<string, number>()
  const identities = 40_000
  for (let n = 0; n < identities; n++) {
    const identity = `us-east-1:10000000-0000-4000-8000-${String(n).padStart(12, '0')}` as IdentityId
    const { partition, shard } = streamPlace(identity, partitions)
    found.set(`${partition} ${shard}`, (found.get(`${partition} ${shard}`) ?? 0) + 1)
  }
  expect(found.size).toBe(partitions * SHARDS)
  const expected = identities / found.size
  // Chi-square of 95 degrees of freedom: above 150 once in some thousands of hashes drawn by lot.
  const spread = [...found.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  expect(spread).toBeLessThan(150)
})
