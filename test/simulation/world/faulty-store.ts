import type { Limits } from '@satchel/protocol'
import type { DatasetWrite, WriteOutcome } from '../../../apps/server/src/domain/dataset-write.js'
import type { DatasetStore } from '../../../apps/server/src/store/dataset-store.js'
import type { MemoryDatabase } from '../../../apps/server/src/store/memory/memory-database.js'
import { MemoryDatasetStore } from '../../../apps/server/src/store/memory/memory-dataset-store.js'
import type { Chance } from './chance.js'
import type { Life } from './life.js'
import type { ServerLog } from './server-log.js'
import type { Situations } from './situations.js'
import type { VirtualTime } from './virtual-time.js'

export type StoreFaults = {
  latencyMsMax: number
  /** A commit fails and stored nothing. */
  failed: number
  /** A commit is stored, and yet fails. */
  unknown: number
}

type Parts = Readonly<{
  time: VirtualTime
  chance: Chance
  situations: Situations
  faults: StoreFaults
  log: ServerLog
  /** Of the process whose store it is. */
  life: Life
  database: () => MemoryDatabase
}>

/** The way of one process to the database: calls take time, fail, and die with the process. */
export class FaultyStore {
  /** Commits that are under way: what a crash does to them is chance. */
  private readonly underWay = new Set<() => void>()

  constructor(private readonly parts: Parts) {}

  /** A transaction has begun and is not stored yet. */
  get isCommitting(): boolean {
    return this.underWay.size > 0
  }

  /** The store as the process sees it. */
  get store(): DatasetStore {
    const { time, chance, faults, life, database } = this.parts
    const slow = <T>(work: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        time.after(chance.next() * faults.latencyMsMax, () => life.run(() => void work().then(resolve, reject)))
      })
    const store = () => new MemoryDatasetStore(database())
    return {
      lanes: store().lanes,
      commit: (writes, limits) => this.commit(writes, limits),
      read: (path) => slow(() => store().read(path)),
      readSeveral: (...asked) => slow(() => store().readSeveral(...asked)),
      list: (path, request) => slow(() => store().list(path, request)),
      hasMarker: (...asked) => slow(() => store().hasMarker(...asked)),
      listDatasets: (identity, page) => slow(() => store().listDatasets(identity, page)),
      identityUsage: (identity) => slow(() => store().identityUsage(identity)),
      poolUsage: (pool) => slow(() => store().poolUsage(pool)),
      addSyncSessions: (opened) => slow(() => store().addSyncSessions(opened)),
      collectTombstones: (range) => slow(() => store().collectTombstones(range)),
      forgetMarkers: (range) => slow(() => store().forgetMarkers(range)),
      forgetDeviceMarkers: (range) => slow(() => store().forgetDeviceMarkers(range)),
      purge: (limit) => slow(() => store().purge(limit)),
      beginEpoch: (at) => slow(() => store().beginEpoch(at)),
    }
  }

  /** The process is gone: each commit that was under way is stored, or not. */
  crash(): void {
    const { situations, chance } = this.parts
    for (const commit of [...this.underWay]) {
      situations.count('server killed inside a commit')
      if (chance.hit(0.5)) commit()
    }
    this.underWay.clear()
  }

  private commit(writes: readonly DatasetWrite[], limits: Limits): Promise<readonly WriteOutcome[]> {
    const { time, chance, faults, situations, life, log, database } = this.parts
    const fails = chance.hit(faults.failed)
    const isUnknown = chance.hit(faults.unknown)
    return new Promise((resolve, reject) => {
      const store = (done: (outcomes: readonly WriteOutcome[]) => void) =>
        void new MemoryDatasetStore(database()).commit(writes, limits).then((outcomes) => {
          log.committed(writes, outcomes)
          done(outcomes)
        }, reject)
      const alone = () => store(() => {})
      this.underWay.add(alone)
      time.after(chance.next() * faults.latencyMsMax, () => {
        if (!this.underWay.delete(alone) || life.isOver) return
        if (fails) {
          reject(new Error('simulated: the store failed'))
          return
        }
        store((outcomes) => {
          const answer = () => {
            if (isUnknown) {
              situations.count('commit with unknown outcome')
              reject(new Error('simulated: the store committed and failed'))
            } else resolve(outcomes)
          }
          time.after(chance.next() * faults.latencyMsMax, () => life.run(answer))
        })
      })
    })
  }
}
