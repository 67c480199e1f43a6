import { randomBytes } from 'node:crypto'
import { AWS_LIMITS } from '@satchel/protocol'
import { QUEUE_BOUNDS, WriteQueue } from '../../apps/server/dist/datasets/write-queue.js'
import { hashOfBatch } from '../../apps/server/dist/datasets/sync-session.js'
import { SystemClock } from '../../apps/server/dist/runtime/clock.js'
import { SystemRandom } from '../../apps/server/dist/runtime/random.js'
import { openPostgresStores } from '../../apps/server/dist/store/typeorm/postgres/open-postgres-stores.js'
import { answerCalls } from '../process/answering.js'
import { batchRows, connectionPlan } from './workload.js'

/**
 * The server's way from the write queue down to PostgreSQL and back, in a process of its own without any face: what the database path does by
 * itself.
 */
const [, , url] = process.argv
const clock = new SystemClock()
const stores = await openPostgresStores({
  url,
  connections: 10,
  partitions: null,
  clock,
  random: new SystemRandom(),
  say() {},
})
const groups = { commits: 0, writes: 0 }
const writes = new WriteQueue({
  store: stores.datasets,
  limits: AWS_LIMITS,
  clock,
  bounds: QUEUE_BOUNDS,
  observer: {
    committed: ({ writes: count }) => ((groups.commits += 1), (groups.writes += count)),
    failed(cause) {
      throw cause
    },
    refused() {
      throw new Error('the queue is full')
    },
  },
  feed: { isWatched: () => false, publish() {} },
})

answerCalls({
  /** Each connection of the workload is a writer that has one update under way. */
  async run({ workload, pool, identities, round }) {
    const steps = connectionPlan(workload, identities, round)
    const lists = Array.from({ length: workload.connections }, () => [])
    for (const step of steps) lists[step.connection].push(writeOf(workload, pool, step))
    Object.assign(groups, { commits: 0, writes: 0 })
    const cpu = process.cpuUsage()
    const startedAt = performance.now()
    await Promise.all(
      lists.map(async (list) => {
        for (const write of list) {
          const { kind } = await writes.submit(write)
          if (kind !== 'accepted') throw new Error(`an update was judged as ${kind}`)
        }
      }),
    )
    const seconds = (performance.now() - startedAt) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    return {
      perSecond: steps.length / seconds,
      cpuMicroseconds: (user + system) / steps.length,
      writesPerCommit: groups.writes / groups.commits,
    }
  },
})

function writeOf(workload, pool, step) {
  const at = clock.now()
  const { identity } = step
  const batch = batchRows(workload, step).map(({ key, value, base }) => ({
    op: 'replace',
    key,
    value,
    base,
    deviceModifiedAt: at,
  }))
  const id = at.toString(36).padStart(9, '0') + randomBytes(16).toString('base64url')
  const origin = { id, number: 0, hash: hashOfBatch(batch, null) }
  return {
    kind: 'update',
    path: { pool, identity, dataset: workload.dataset },
    batch,
    origin,
    device: null,
    at,
    by: identity,
  }
}
