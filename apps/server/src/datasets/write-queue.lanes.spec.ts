import type { IdentityId } from '@satchel/protocol'
import { path, POOL } from '../domain/testing/a-dataset.js'
import type { DatasetStore } from '../store/dataset-store.js'
import { aWrite, queueWorld } from './testing/queue-world.js'

const identities = Array.from({ length: 40 }, (_, n) => `us-east-1:${n}` as IdentityId)

/** Every commit waits until all are let go; the most that were under way at once are counted, in all and per identity. */
function crowded(store: DatasetStore, lanes: number) {
  const underWay = new Map<string, number>()
  const seen = { atOnce: 0, ofOneIdentity: 0 }
  let running = 0
  const counted = Object.assign(Object.create(store) as DatasetStore, {
    lanes,
    commit: async (...given: Parameters<DatasetStore['commit']>) => {
      const here = new Set(given[0].map(({ path: { identity } }) => identity))
      seen.atOnce = Math.max(seen.atOnce, ++running)
      for (const identity of here) {
        const times = (underWay.get(identity) ?? 0) + 1
        underWay.set(identity, times)
        seen.ofOneIdentity = Math.max(seen.ofOneIdentity, times)
      }
      await new Promise(setImmediate)
      for (const identity of here) underWay.set(identity, underWay.get(identity)! - 1)
      running--
      return store.commit(...given)
    },
  })
  return { store: counted, seen }
}

test('[X8] commits go on side by side, one in each lane, and never two of them for one identity', async () => {
  let crowd!: ReturnType<typeof crowded>
  const { queue, harness } = await queueWorld({ groupWritesMax: 3 }, (store) => (crowd = crowded(store, 4)).store)
  for (const identity of identities) await harness.addIdentity(identity, POOL)
  const rounds = [1, 2, 3].flatMap((round) =>
    identities.map((identity) => queue.submit(aWrite(`${identity} ${round}`, `k${round}`, 'v', path('d', identity)))),
  )
  expect((await Promise.all(rounds)).every(({ kind }) => kind === 'accepted')).toBe(true)
  expect(crowd.seen).toEqual({ atOnce: 4, ofOneIdentity: 1 })
  await queue.drained()
  expect([queue.depth, queue.bytes]).toEqual([0, 0])
})

test('[X8] the bounds hold for all lanes together', async () => {
  const { queue, refused, harness } = await queueWorld({ writesMax: 10 }, (store) => crowded(store, 4).store)
  for (const identity of identities) await harness.addIdentity(identity, POOL)
  const settled = await Promise.allSettled(
    identities.map((identity) => queue.submit(aWrite(identity, 'k', 'v', path('d', identity)))),
  )
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
  expect(refused()).toBe(30)
})
