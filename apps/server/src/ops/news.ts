import type { Clock } from '../runtime/clock.js'

/** What happens again and again is told so often at most, milliseconds. */
const AGAIN_MS = 60_000

/** Remembers what was told lately, so that what happens again and again does not fill the log; whoever asks counts all of it. */
export class News {
  private readonly toldAt = new Map<string, number>()

  constructor(private readonly clock: Pick<Clock, 'elapsed'>) {}

  /** True where this is to be told now, which counts as done. Each subject is remembered for good, so there are only a few. */
  is(subject: string): boolean {
    const now = this.clock.elapsed()
    if (now - (this.toldAt.get(subject) ?? -Infinity) < AGAIN_MS) return false
    this.toldAt.set(subject, now)
    return true
  }
}
