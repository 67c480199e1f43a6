import { byCodePoint, type IdentityId, type IdentityPoolId, type SyncRecord } from '@satchel/protocol'
import type { Dataset } from '../../domain/dataset.js'
import { snapshotOf } from '../../domain/snapshot-of.js'
import { datasetKey } from '../../domain/working-set.js'
import type { BeginOutcome, BulkPublish, BulkPublishStore } from '../bulk-publish-store.js'
import type { MemoryBulkPublish, MemoryDatabase } from './memory-database.js'
import type { MemoryOutbox } from './memory-outbox.js'

type Found = Readonly<{ identity: IdentityId; dataset: Dataset }>

/** Keeps bulk publishes in memory. */
export class MemoryBulkPublishStore implements BulkPublishStore {
  constructor(
    private readonly database: MemoryDatabase,
    private readonly outbox: MemoryOutbox,
  ) {}

  begin({
    pool,
    at,
    unlessCompletedAfter,
  }: Readonly<{ pool: IdentityPoolId; at: number; unlessCompletedAfter: number }>): Promise<BeginOutcome> {
    const newest = this.database.bulkPublishes.get(pool)
    if (newest?.status === 'IN_PROGRESS') return Promise.resolve({ kind: 'in-progress' })
    const completedAt = newest?.completedAt ?? null
    if (completedAt !== null && completedAt > unlessCompletedAfter)
      return Promise.resolve({ kind: 'too-soon', completedAt })
    const begun = {
      pool,
      status: 'IN_PROGRESS',
      startedAt: at,
      completedAt: null,
      failure: null,
      after: null,
      datasets: 0,
      complete: false,
      firstSeq: 0,
      lastSeq: 0,
    } as const
    this.database.bulkPublishes.set(pool, begun)
    return Promise.resolve({ kind: 'begun', bulk: shown(begun) })
  }

  find(pool: IdentityPoolId): Promise<BulkPublish | null> {
    const newest = this.database.bulkPublishes.get(pool)
    return Promise.resolve(newest === undefined ? null : shown(newest))
  }

  inProgress(): Promise<readonly BulkPublish[]> {
    const running = [...this.database.bulkPublishes.values()].filter(({ status }) => status === 'IN_PROGRESS')
    running.sort((a, b) => a.startedAt - b.startedAt || byCodePoint(a.pool, b.pool))
    return Promise.resolve(running.map(shown))
  }

  advance({
    pool,
    target,
    at,
    datasetsMax,
    bytesMax,
  }: Parameters<BulkPublishStore['advance']>[0]): Promise<BulkPublish | null> {
    const before = this.database.bulkPublishes.get(pool)
    if (before?.status !== 'IN_PROGRESS') return Promise.resolve(null)
    if (before.complete) return Promise.resolve(shown(before))
    const left = this.left(before)
    let bytes = 0
    const over = left.findIndex(({ dataset }) => (bytes += dataset.bytes) > bytesMax)
    const taken = left.slice(0, Math.min(datasetsMax, over === -1 ? Infinity : over + 1))
    const lastSeq = this.outbox.insert(
      taken.map(({ identity, dataset }) => {
        const path = { pool, identity, dataset: dataset.name }
        return snapshotOf(dataset, { path, target, at, records: this.liveRecords(datasetKey(path)) })
      }),
    )
    const last = taken.at(-1)
    const now: MemoryBulkPublish = {
      ...before,
      after: last === undefined ? before.after : { identity: last.identity, dataset: last.dataset.name },
      datasets: before.datasets + taken.length,
      complete: taken.length === left.length && taken.length < datasetsMax,
      firstSeq: before.firstSeq || (last === undefined ? 0 : lastSeq - taken.length + 1),
      lastSeq: Math.max(before.lastSeq, lastSeq),
    }
    this.database.bulkPublishes.set(pool, now)
    return Promise.resolve(shown(now))
  }

  unpublishedRows(pool: IdentityPoolId): Promise<number> {
    const { firstSeq, lastSeq } = this.database.bulkPublishes.get(pool) ?? { firstSeq: 0, lastSeq: 0 }
    const waiting = [...this.database.unpublished].filter((seq) => {
      const row = this.database.outbox.get(seq)
      return seq >= firstSeq && seq <= lastSeq && row?.pool === pool && row.type === 'snapshot'
    })
    return Promise.resolve(waiting.length)
  }

  end({ pool, at, failure }: Readonly<{ pool: IdentityPoolId; at: number; failure: string | null }>): Promise<void> {
    const running = this.database.bulkPublishes.get(pool)
    if (running?.status !== 'IN_PROGRESS') return Promise.resolve()
    const ended =
      failure === null
        ? ({ ...running, status: 'SUCCEEDED', completedAt: at } as const)
        : ({ ...running, status: 'FAILED', failure } as const)
    this.database.bulkPublishes.set(pool, ended)
    return Promise.resolve()
  }

  /** The existing datasets whose snapshots are not in the outbox yet, in their order. */
  private left({ pool, after }: BulkPublish): readonly Found[] {
    const { identities, datasets } = this.database
    return [...identities]
      .filter(([, row]) => row.pool === pool)
      .flatMap(([identity]) => [...(datasets.get(identity)?.values() ?? [])].map((dataset) => ({ identity, dataset })))
      .filter(({ dataset }) => dataset.exists)
      .sort((a, b) => byCodePoint(a.identity, b.identity) || byCodePoint(a.dataset.name, b.dataset.name))
      .filter(
        ({ identity, dataset }) =>
          after === null ||
          byCodePoint(identity, after.identity) > 0 ||
          (identity === after.identity && byCodePoint(dataset.name, after.dataset) > 0),
      )
  }

  private liveRecords(key: string): readonly SyncRecord[] {
    return [...(this.database.records.get(key)?.values() ?? [])]
      .filter(({ value }) => value !== null)
      .sort((a, b) => a.syncCount - b.syncCount || byCodePoint(a.key, b.key))
  }
}

const shown = ({ firstSeq: _, ...bulk }: MemoryBulkPublish): BulkPublish => bulk
