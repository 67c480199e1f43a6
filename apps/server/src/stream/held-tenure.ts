import type { Clock } from '../runtime/clock.js'
import type { Lease } from '../store/lease-store.js'

/** So much before its end a lease counts as ended: for clocks that disagree and work that is not measured. */
export const LEASE_MARGIN_MS = 500

/** The time in which a shard is this relay's alone; renewing prolongs it, once ended it is over for good. */
export interface Tenure {
  readonly shard: number
  /** As it was last renewed; its epoch never changes. */
  readonly lease: Lease
  /** How much of the lease is left by this process's clocks, milliseconds; 0 once it ended. */
  leftMs(): number
}

/** A tenure as whoever renews and ends it has it. */
export class HeldTenure implements Tenure {
  cancelWatch = (): void => undefined
  /** It is about to be another relay's. */
  leaving = false
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
