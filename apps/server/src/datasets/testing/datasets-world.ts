import { AWS_LIMITS, type Batch, type Limits } from '@satchel/protocol'
import { Keyring } from '../../access/keyring.js'
import { Seal } from '../../access/seal.js'
import { count, IDENTITY, OTHER_IDENTITY, path, POOL } from '../../domain/testing/a-dataset.js'
import { HeldClock } from '../../runtime/testing/held-clock.js'
import { SeededRandom } from '../../runtime/testing/seeded-random.js'
import { memoryHarness } from '../../store/testing/memory-harness.js'
import type { StoreHarness } from '../../store/testing/store-harness.js'
import { CommitFeed } from '../commit-feed.js'
import { Datasets, type ListRecordsRequest, type RecordListing } from '../datasets.js'
import { SessionCount } from '../session-count.js'
import { SyncSessions } from '../sync-session.js'
import { QUEUE_BOUNDS, WriteQueue } from '../write-queue.js'

export type DatasetsWorld = Awaited<ReturnType<typeof datasetsWorld>>

/** Datasets over one store with two identities in one pool, and short words for what tests do with them. */
export async function datasetsWorld(harness: StoreHarness = memoryHarness(), limits: Limits = AWS_LIMITS) {
  await harness.addPool(POOL)
  await harness.addIdentity(IDENTITY, POOL)
  await harness.addIdentity(OTHER_IDENTITY, POOL)
  const { store } = harness
  const clock = new HeldClock()
  const seal = new Seal(new Keyring([Buffer.alloc(32, 7)]))
  const sessions = new SyncSessions({ seal, clock, random: new SeededRandom(1) })
  const opened = new SessionCount(store)
  const failures: unknown[] = []
  const feed = new CommitFeed({ listenerFailed: (cause) => failures.push(cause) })
  /** How many writes each transaction had. */
  const groups: number[] = []
  const writes = new WriteQueue({
    store,
    limits,
    clock,
    bounds: QUEUE_BOUNDS,
    observer: { committed: ({ writes }) => groups.push(writes), refused: () => {}, failed: (it) => failures.push(it) },
    feed,
  })
  const datasets = new Datasets({ store, writes, sessions, opened, seal, clock, limits })

  const list = async (over: Partial<ListRecordsRequest> = {}, where = path()) => {
    const listing = await datasets.listRecords(where, {
      since: count(0),
      limit: null,
      nextToken: null,
      sessionToken: null,
      ...over,
    })
    return listing as Extract<RecordListing, { kind: 'listed' }>
  }
  const update = (sessionToken: string, batch: Batch, where = path()) =>
    datasets.update(where, { batch, sessionToken, device: null, by: 'me' })
  /** In a sync session of its own. */
  const write = async (...batch: Batch) => update((await list()).sessionToken, batch)
  return {
    ...{ harness, clock, seal, sessions, opened, feed, writes, datasets, groups, failures },
    ...{ list, update, write },
  }
}
