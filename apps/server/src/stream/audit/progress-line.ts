import type { Clock } from '../../runtime/clock.js'
import type { Progress } from './run-audit.js'

const EVERY_MS = 2_000

/** Tells every two seconds how far the reading of topics has come, and how fast. */
export class ProgressLine {
  private shownAt: number
  private shown = 0

  constructor(
    private readonly clock: Clock,
    private readonly write: (line: string) => void,
  ) {
    this.shownAt = clock.elapsed()
  }

  show({ messages, of }: Progress): void {
    if (messages < this.shown) this.restart()
    const now = this.clock.elapsed()
    const seconds = (now - this.shownAt) / 1_000
    if (seconds * 1_000 < EVERY_MS) return
    const rate = Math.round((messages - this.shown) / seconds)
    const percent = of === 0 ? 100 : Math.floor((messages / of) * 100)
    this.write(`${messages} of ${of} messages read (${percent} %), ${rate} a second\n`)
    this.shownAt = now
    this.shown = messages
  }

  /** Another reading has begun. */
  private restart(): void {
    this.shown = 0
    this.shownAt = this.clock.elapsed()
  }
}
