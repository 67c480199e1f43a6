import type { Lease, LeaseStore } from '../lease-store.js'
import type { MemoryDatabase } from './memory-database.js'

/** Keeps leases in memory. */
export class MemoryLeaseStore implements LeaseStore {
  constructor(private readonly database: MemoryDatabase) {}

  take({ names, holder, now, until }: Parameters<LeaseStore['take']>[0]): Promise<readonly Lease[]> {
    const { leases } = this.database
    const held: Lease[] = []
    for (const name of names) {
      const newest = leases.get(name)
      const ended = newest === undefined || newest.until <= now
      if (!ended && newest.holder !== holder) continue
      const lease = { name, holder, epoch: (newest?.epoch ?? 0) + Number(ended), until }
      leases.set(name, lease)
      held.push(lease)
    }
    return Promise.resolve(held)
  }

  release(holder: string): Promise<void> {
    for (const [name, lease] of this.database.leases) {
      if (lease.holder === holder) this.database.leases.set(name, { ...lease, until: 0 })
    }
    return Promise.resolve()
  }
}
