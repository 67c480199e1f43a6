import { AWS_LIMITS, type DatasetPath } from '@satchel/protocol'
import type { DatasetWrite } from '../../domain/dataset-write.js'
import { IDENTITY, path, POOL, replace } from '../../domain/testing/a-dataset.js'
import { HeldClock } from '../../runtime/testing/held-clock.js'
import type { DatasetStore } from '../../store/dataset-store.js'
import { memoryHarness } from '../../store/testing/memory-harness.js'
import { CommitFeed } from '../commit-feed.js'
import { QUEUE_BOUNDS, WriteQueue, type QueueBounds } from '../write-queue.js'
import { gated } from './altered-commits.js'

/** A write of one record. */
export const aWrite = (id: string, name: string, value = 'v', where: DatasetPath = path()): DatasetWrite => ({
  kind: 'update',
  path: where,
  batch: [replace(name, value)],
  origin: { id, number: 0, hash: id },
  device: null,
  at: 1,
  by: 'me',
})

/** A queue over one store, which a test may wrap, and what it told of itself. */
export async function queueWorld(
  over: Partial<QueueBounds> = {},
  wrap: (store: DatasetStore) => DatasetStore = (store) => store,
) {
  const clock = new HeldClock()
  const harness = memoryHarness()
  await harness.addPool(POOL)
  await harness.addIdentity(IDENTITY, POOL)
  const groups: { writes: number; failed: boolean }[] = []
  let refused = 0
  const failures: unknown[] = []
  const feed = new CommitFeed({ listenerFailed: (cause) => failures.push(cause) })
  const queue = new WriteQueue({
    store: wrap(harness.store),
    limits: AWS_LIMITS,
    clock,
    bounds: { ...QUEUE_BOUNDS, ...over },
    feed,
    observer: {
      committed: ({ writes, failed }) => groups.push({ writes, failed }),
      refused: () => refused++,
      failed: (cause) => failures.push(cause),
    },
  })
  return { queue, feed, clock, harness, groups, failures, refused: () => refused }
}

/** A queue whose commits wait until they are let go. */
export async function gatedQueue(over: Partial<QueueBounds> = {}) {
  let gate!: ReturnType<typeof gated>
  const world = await queueWorld(over, (store) => (gate = gated(store)).store)
  return { ...world, openNext: gate.openNext }
}
