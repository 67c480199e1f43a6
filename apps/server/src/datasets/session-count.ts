import type { IdentityPoolId } from '@satchel/protocol'
import type { DatasetStore } from '../store/dataset-store.js'

/**
 * Counts the sync sessions that pools open. A session is opened by reading, and reading must not cost a write:
 * counts gather here and go to the store now and then, so that a crash forgets those of the last seconds.
 */
export class SessionCount {
  private counts = new Map<IdentityPoolId, number>()

  constructor(private readonly store: Pick<DatasetStore, 'addSyncSessions'>) {}

  add(pool: IdentityPoolId): void {
    this.counts.set(pool, this.pending(pool) + 1)
  }

  /** Sessions that the store does not know of yet. */
  pending(pool: IdentityPoolId): number {
    return this.counts.get(pool) ?? 0
  }

  /** Hands what has gathered to the store; keeps it when that fails. */
  async flush(): Promise<void> {
    if (this.counts.size === 0) return
    const gathered = this.counts
    this.counts = new Map()
    try {
      await this.store.addSyncSessions(gathered)
    } catch (cause) {
      for (const [pool, count] of gathered) this.counts.set(pool, this.pending(pool) + count)
      throw cause
    }
  }
}
