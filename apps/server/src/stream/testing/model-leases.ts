import type { Lease, LeaseStore } from '../../store/lease-store.js'

/** Leases as they should be, in memory. */
export class ModelLeases implements LeaseStore {
  private readonly leases = new Map<string, Lease>()

  take({
    names,
    holder,
    now,
    until,
  }: Readonly<{ names: readonly string[]; holder: string; now: number; until: number }>): Promise<readonly Lease[]> {
    const held: Lease[] = []
    for (const name of names) {
      const lease = this.leases.get(name)
      const runs = lease !== undefined && lease.until > now
      if (runs && lease.holder !== holder) continue
      const taken = runs ? { ...lease, until } : { name, holder, epoch: (lease?.epoch ?? 0) + 1, until }
      this.leases.set(name, taken)
      held.push(taken)
    }
    return Promise.resolve(held)
  }

  release(holder: string): Promise<void> {
    for (const [name, lease] of this.leases) if (lease.holder === holder) this.leases.set(name, { ...lease, until: 0 })
    return Promise.resolve()
  }

  /** The newest of a name; null when it was never taken. */
  find(name: string): Lease | null {
    return this.leases.get(name) ?? null
  }

  /** True while the epoch is the newest of its name and has not ended. */
  isValid(name: string, epoch: number, now: number): boolean {
    const lease = this.leases.get(name)
    return lease !== undefined && lease.epoch === epoch && lease.until > now
  }
}
