import { Refusal } from '../../../refusal.js'
import type { Clock } from '../../../runtime/clock.js'
import type { ConnectionFigures } from '../../connection-figures.js'

export type TurnstileBounds = Readonly<{
  /** How much may be under way at once. */
  places: number
  /** How much may wait, whatever the time it would take. */
  waitingMax: number
  /** As long as the first of those who wait has waited for longer, or whoever comes would have to, nobody is let into the line. */
  waitMsTarget: number
  /** Longest that anybody waits who was let into it. */
  waitMsMax: number
  /** When all places were taken for so long and nothing began or ended, the database is away rather than busy. */
  stalledMs: number
}>

/** Whoever is `first` goes before all others and is never turned away: for work that is bounded by itself and that others depend on. */
export type Passing = 'in-turn' | 'first'

type Waiting = Readonly<{ since: number; begin: () => void; cancel: () => void }>

const RETRY_AFTER_SECONDS = 1
/** How much one piece of work counts in the mean time that work takes. */
const WEIGHT = 0.1
/** What work took before says something of what waits now only once the first of those has waited for this share of the target. */
const EVIDENCE = 0.25
/** For so long after somebody was turned away this counts as busy. */
const BUSY_MS = 2_000

/**
 * Lets so much work pass at once as there are connections for it, and as much wait as will have its turn soon: what would wait for longer is refused
 * at once with TooManyRequests, or with ServiceUnavailable once nothing moves at all. So under any load the connections are busy with work whose
 * caller is still there, and everybody else knows early (PL1).
 */
export class Turnstile {
  /** In the order in which they came; those of `ahead` go before those of `behind`. */
  private readonly ahead = new Set<Waiting>()
  private readonly behind = new Set<Waiting>()
  private inUse = 0
  private meanMs = 0
  private movedAt: number
  private refusedAt = -Infinity
  private waits = 0
  private waitedMs = 0
  private refused = 0

  constructor(
    private readonly bounds: TurnstileBounds,
    private readonly clock: Clock,
  ) {
    this.movedAt = clock.elapsed()
  }

  /** Does `work` in its turn; rejects as it does, or with a {@link Refusal} before it was begun. */
  async pass<T>(work: () => Promise<T>, passing: Passing = 'in-turn'): Promise<T> {
    if (this.inUse < this.bounds.places && this.ahead.size + this.behind.size === 0) this.inUse++
    else await this.wait(passing)
    const beganAt = (this.movedAt = this.clock.elapsed())
    try {
      return await work()
    } finally {
      const endedAt = (this.movedAt = this.clock.elapsed())
      this.meanMs += (endedAt - beganAt - this.meanMs) * WEIGHT
      this.next()
    }
  }

  /** Resolves once the place of somebody else is this one's. */
  private wait(passing: Passing): Promise<void> {
    const since = this.clock.elapsed()
    if (passing === 'in-turn' && this.isCrowded(since)) return Promise.reject(this.refusal(since))
    return new Promise((resolve, reject) => {
      const line = passing === 'first' ? this.ahead : this.behind
      const tooLate = () => {
        line.delete(waiting)
        reject(this.refusal(this.clock.elapsed()))
      }
      const cancel = passing === 'first' ? () => {} : this.clock.after(this.bounds.waitMsMax, tooLate)
      const waiting: Waiting = { since, begin: resolve, cancel }
      line.add(waiting)
    })
  }

  /** Hands a place over to who is next, or back. */
  private next(): void {
    const line = this.ahead.size > 0 ? this.ahead : this.behind
    const [waiting] = line
    if (waiting === undefined) {
      this.inUse--
      return
    }
    line.delete(waiting)
    waiting.cancel()
    this.waits++
    this.waitedMs += this.clock.elapsed() - waiting.since
    waiting.begin()
  }

  private isCrowded(now: number): boolean {
    const { places, waitingMax, waitMsTarget } = this.bounds
    const waiting = this.ahead.size + this.behind.size
    const oldestMs = this.oldestWaitMs(now)
    if (waiting >= waitingMax || oldestMs > waitMsTarget || this.isStalled(now)) return true
    if (oldestMs < waitMsTarget * EVIDENCE) return false
    return ((waiting + 1) * this.meanMs) / places > waitMsTarget
  }

  private isStalled(now: number): boolean {
    return this.inUse >= this.bounds.places && now - this.movedAt > this.bounds.stalledMs
  }

  private oldestWaitMs(now: number): number {
    const [first] = this.behind
    return first === undefined ? 0 : now - first.since
  }

  private refusal(now: number): Refusal {
    this.refused++
    this.refusedAt = now
    const options = { retryAfterSeconds: RETRY_AFTER_SECONDS }
    if (this.isStalled(now)) {
      return new Refusal('ServiceUnavailable', 'the database does not answer; sending it again is safe', options)
    }
    const waiting = this.ahead.size + this.behind.size
    return new Refusal(
      'TooManyRequests',
      `the database has too much to do: ${waiting} requests wait for its ${this.bounds.places} connections, the first for ${Math.round(this.oldestWaitMs(now))} ms; try again later`,
      options,
    )
  }

  figures(): ConnectionFigures {
    const now = this.clock.elapsed()
    return {
      places: this.bounds.places,
      inUse: this.inUse,
      waiting: this.ahead.size + this.behind.size,
      oldestWaitMs: this.oldestWaitMs(now),
      waits: this.waits,
      waitedMs: this.waitedMs,
      refused: this.refused,
      isBusy: now - this.refusedAt < BUSY_MS,
    }
  }
}
