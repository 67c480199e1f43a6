import { SHARDS } from '../domain/outbox-row.js'
import type { Clock } from '../runtime/clock.js'
import type { Lease, LeaseStore } from '../store/lease-store.js'
import type { LeaseEnd, StreamObserver } from './stream-observer.js'

/** How long a lease is taken for, milliseconds. */
export const LEASE_MS = 10_000

/** How often leases are renewed, and free ones looked for. */
export const RENEW_MS = Math.floor(LEASE_MS / 3)

/** So much before its end a lease counts as ended: for clocks that disagree and work that is not measured. */
export const LEASE_MARGIN_MS = 500

/** How soon a renewal that failed is tried again. */
const RETRY_MS = 1_000

/** The time in which a shard is this relay's alone; renewing prolongs it, once ended it is over for good. */
export interface Tenure {
  readonly shard: number
  /** As it was last renewed; its epoch never changes. */
  readonly lease: Lease
  /** How much of the lease is left by this process's clocks, milliseconds; 0 once it ended. */
  leftMs(): number
}

/** What whoever works on shards is told. */
export interface TenureListener {
  began(tenure: Tenure): void
  ended(tenure: Tenure): void
}

/**
 * Takes the leases `shard-0`… for this process and keeps them. What counts is the time left since *before* the store was asked, by a clock
 * that never goes back and by the time of day both: neither a slow answer, a clock that was set, nor a pause of the process makes a lease look longer than it is (V23).
 *
 *     free ──take──▶ held ──take──▶ held …
 *                     │ not renewed by (end - margin), another has it, fenced, stopped
 *                     ▼
 *                   ended: whoever works on the shard is told at once
 */
export class ShardLeases {
  private readonly tenures = new Map<number, HeldTenure>()
  private renewing: Promise<void> | null = null
  private cancelNext = (): void => undefined
  private stopped = false

  constructor(
    private readonly deps: Readonly<{
      store: LeaseStore
      clock: Clock
      /** Names this process among all that share the store. */
      holder: string
      listener: TenureListener
      observer: Pick<StreamObserver, 'leased' | 'leaseEnded' | 'failed'>
    }>,
  ) {}

  /** Shards held now. */
  get held(): number {
    return this.tenures.size
  }

  start(): void {
    void this.renew()
  }

  /** Takes what is free and prolongs what is held, once at a time; resolves when that succeeded or failed. */
  renew(): Promise<void> {
    if (this.stopped) return Promise.resolve()
    this.renewing ??= this.ask().finally(() => (this.renewing = null))
    return this.renewing
  }

  /** To be called when the store says that the lease is no longer the newest (V7). */
  giveUp(tenure: Tenure): void {
    const held = this.tenures.get(tenure.shard)
    if (held === tenure) this.end(held, 'taken-over')
  }

  /** Takes and renews nothing further; what is held stays held until it ends or is released. */
  halt(): void {
    this.stopped = true
    this.cancelNext()
  }

  /** Gives back whatever is held, so that another relay can go on at once. */
  async release(): Promise<void> {
    this.halt()
    for (const tenure of [...this.tenures.values()]) this.end(tenure, 'stopped')
    await this.renewing // what it may still take must be given back too
    try {
      await this.deps.store.release(this.deps.holder)
    } catch (cause) {
      this.deps.observer.failed('leases', cause)
    }
  }

  private async ask(): Promise<void> {
    const { store, clock, holder, observer } = this.deps
    this.cancelNext()
    const now = clock.now()
    const goodUntil = clock.elapsed() + LEASE_MS - LEASE_MARGIN_MS
    let nextMs = RENEW_MS
    try {
      const leases = await store.take({ names: NAMES, holder, now, until: now + LEASE_MS })
      if (!this.stopped) this.settle(leases, goodUntil)
    } catch (cause) {
      nextMs = RETRY_MS
      observer.failed('leases', cause)
    }
    if (!this.stopped) this.cancelNext = clock.after(nextMs, () => void this.renew())
  }

  private settle(leases: readonly Lease[], goodUntil: number): void {
    for (let shard = 0; shard < SHARDS; shard++) {
      const lease = leases.find(({ name }) => name === leaseName(shard))
      const held = this.tenures.get(shard)
      if (lease !== undefined && held?.lease.epoch === lease.epoch) {
        held.prolong(lease, goodUntil)
        continue
      }
      if (held !== undefined) this.end(held, 'taken-over')
      if (lease !== undefined) this.begin(new HeldTenure(shard, lease, goodUntil, this.deps.clock))
    }
  }

  private begin(tenure: HeldTenure): void {
    if (tenure.leftMs() === 0) return // the answer took too long
    this.tenures.set(tenure.shard, tenure)
    this.deps.observer.leased(tenure.shard, tenure.lease.epoch)
    this.watch(tenure)
    this.deps.listener.began(tenure)
  }

  /** Ends a tenure the moment its time is up. */
  private watch(tenure: HeldTenure): void {
    tenure.cancelWatch = this.deps.clock.after(Math.max(1, Math.ceil(tenure.leftMs())), () => {
      if (this.tenures.get(tenure.shard) !== tenure) return
      if (tenure.leftMs() === 0) this.end(tenure, 'not-renewed')
      else this.watch(tenure)
    })
  }

  private end(tenure: HeldTenure, why: LeaseEnd): void {
    this.tenures.delete(tenure.shard)
    tenure.end()
    this.deps.observer.leaseEnded(tenure.shard, tenure.lease.epoch, why)
    this.deps.listener.ended(tenure)
  }
}

class HeldTenure implements Tenure {
  cancelWatch = (): void => undefined
  private over = false

  constructor(
    readonly shard: number,
    private current: Lease,
    private goodUntil: number,
    private readonly clock: Clock,
  ) {}

  get lease(): Lease {
    return this.current
  }

  leftMs(): number {
    if (this.over) return 0
    const byDay = this.current.until - LEASE_MARGIN_MS - this.clock.now()
    return Math.max(0, Math.min(byDay, this.goodUntil - this.clock.elapsed()))
  }

  prolong(lease: Lease, goodUntil: number): void {
    this.current = lease
    this.goodUntil = goodUntil
  }

  end(): void {
    this.over = true
    this.cancelWatch()
  }
}

/** The lease that stands for a shard. */
export const leaseName = (shard: number): string => `shard-${shard}`

const NAMES = Array.from({ length: SHARDS }, (_, shard) => leaseName(shard))
