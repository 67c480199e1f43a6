import type { Lease, LeaseStore } from '../lease-store.js'
import type { MemoryDatabase } from './memory-database.js'

/** Keeps leases in memory. */
export class MemoryLeaseStore implements LeaseStore {
  constructor(private readonly database: MemoryDatabase) {}

  take({
    names,
    holder,
    now,
    until,
    most = names.length,
  }: Parameters<LeaseStore['take']>[0]): Promise<readonly Lease[]> {
    const { leases } = this.database
    const isFree = (name: string) => (leases.get(name)?.until ?? 0) <= now
    const own = names.filter((name) => !isFree(name) && leases.get(name)!.holder === holder)
    const taken = new Set([...own, ...names.filter(isFree)].slice(0, most))
    for (const name of taken) {
      const epoch = (leases.get(name)?.epoch ?? 0) + Number(isFree(name))
      leases.set(name, { name, holder, epoch, until })
    }
    return Promise.resolve(names.filter((name) => taken.has(name)).map((name) => leases.get(name)!))
  }

  holders({ names, now }: Parameters<LeaseStore['holders']>[0]): Promise<ReadonlyMap<string, string>> {
    const held = names.map((name) => this.database.leases.get(name)).filter((lease) => lease !== undefined)
    return Promise.resolve(new Map(held.filter(({ until }) => until > now).map(({ name, holder }) => [name, holder])))
  }

  release(holder: string, names?: readonly string[]): Promise<void> {
    for (const [name, lease] of this.database.leases) {
      if (lease.holder !== holder || names?.includes(name) === false) continue
      this.database.leases.set(name, { ...lease, until: 0 })
    }
    return Promise.resolve()
  }
}
