import type { Clock } from '../runtime/clock.js'
import type { LeaseStore } from '../store/lease-store.js'

/** How long a turn is, milliseconds. */
export type TurnTimes = Readonly<{
  /** How long a node that died keeps others from taking its place. */
  leaseMs: number
  /** What has to be left of it for a small piece of work to begin. */
  leftMsMin: number
  /** How often a node whose turn it is not asks whether it is. */
  askEveryMs: number
}>

/** For work that nobody waits for. */
const TURN_TIMES: TurnTimes = { leaseMs: 30_000, leftMsMin: 10_000, askEveryMs: 10_000 }

/**
 * Whose turn it is to do what one of all nodes is enough for: the turn is a lease, kept for as long as it is used. Two nodes may believe for a moment that it
 * is theirs, so what is done in it has to bear that; it saves work, and guards nothing.
 */
export class NodeTurn {
  private holder: string | null = null
  private until = 0
  private askedAt: number | null = null

  constructor(
    private readonly deps: Readonly<{
      leases: LeaseStore
      /** Of the work. */
      name: string
      /** Makes a name for this process that no other has; asked once. */
      nameHolder: () => string
      clock: Pick<Clock, 'now' | 'elapsed'>
      times?: TurnTimes
    }>,
  ) {}

  /** True while it is this node's, taken or prolonged where need be. */
  async isOurs(): Promise<boolean> {
    const { leases, name, nameHolder, clock, times = TURN_TIMES } = this.deps
    const { leaseMs, leftMsMin, askEveryMs } = times
    // By a clock that never goes back: what the lease itself says is in the time of day.
    const asked = clock.elapsed()
    if (asked < this.until - leftMsMin) return true
    if (this.askedAt !== null && asked - this.askedAt < askEveryMs && asked >= this.until) return false
    this.askedAt = asked
    const now = clock.now()
    const holder = (this.holder ??= nameHolder())
    const taken = await leases.take({ names: [name], holder, now, until: now + leaseMs })
    this.until = taken.length > 0 ? asked + leaseMs : 0
    return taken.length > 0
  }

  /** Gives the turn to whoever asks next. */
  async end(): Promise<void> {
    if (this.holder !== null && this.until > 0) await this.deps.leases.release(this.holder)
    this.until = 0
  }
}
