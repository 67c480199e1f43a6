import type { Clock as ServerClock } from '../../../apps/server/src/runtime/clock.js'
import type { Clock as ClientClock } from '../../../libs/client/src/runtime/clock.js'
import type { Life } from './life.js'
import type { Cancel, VirtualTime } from './virtual-time.js'

/** Where virtual time 0 lies in the calendar. */
export const EPOCH_MS = Date.UTC(2026, 0, 1)

/** Time as one node sees it: the wall clock may be wrong and jump, and timers of a frozen node wait. */
export class NodeClock implements ServerClock, ClientClock {
  constructor(
    private readonly time: VirtualTime,
    private readonly life: Life,
    /** How far the wall clock is off, milliseconds. */
    private readonly skewMs: () => number,
  ) {}

  now(): number {
    return Math.trunc(EPOCH_MS + this.time.now + this.skewMs())
  }

  elapsed(): number {
    return this.time.now
  }

  after(delayMs: number, work: () => void): Cancel {
    return this.time.after(delayMs, () => this.life.run(work))
  }

  soon(work: () => void): void {
    this.after(0, work)
  }
}
