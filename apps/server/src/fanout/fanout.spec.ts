import type { DatasetName, SyncCount, WatchedDataset } from '@satchel/protocol'
import { CommitFeed } from '../datasets/commit-feed.js'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { Fanout } from './fanout.js'
import { identity, OURS } from './testing/bus-nodes.js'

const nothing = () => undefined

test('[F18] it ends within a second also where the database does not answer any more', async () => {
  const clock = new HeldClock()
  const feed = new CommitFeed({ listenerFailed: nothing })
  let read = 0
  const fanout = new Fanout({
    config: { redis: null, databaseUrl: 'postgres://elsewhere/satchel' },
    keyring: OURS,
    feed,
    store: { readSeveral: () => (read++, new Promise<never>(nothing)) },
    departed: nothing,
    streamCommitted: nothing,
    observer: {
      ...{ up: nothing, away: nothing, published: nothing, dropped: nothing, received: nothing, refused: nothing },
      ...{ looked: nothing, failed: nothing },
    },
    clock,
    random: new SeededRandom(1),
  })
  const standing: WatchedDataset = { dataset: 'settings' as DatasetName, epoch: 1, since: 1 as SyncCount }
  feed.watch(identity(1), nothing, () => [standing])
  await fanout.start()
  clock.advance(5_000)
  expect(read).toBe(1)
  let ended = false
  const closing = fanout.close().then(() => (ended = true))
  await new Promise(setImmediate)
  expect(ended).toBe(false)
  clock.advance(1_000)
  await Promise.race([closing, new Promise(setImmediate)])
  expect(ended).toBe(true)
})
