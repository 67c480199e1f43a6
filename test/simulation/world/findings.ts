import type { Violation } from '../history.js'
import type { VirtualTime } from './virtual-time.js'

/** More than this many would only say the same again. */
const VIOLATIONS_MAX = 100

/** What a run tells of itself: its steps, and what must never be. */
export class Findings {
  readonly violations: Violation[] = []

  constructor(
    private readonly time: VirtualTime,
    private readonly line: (text: string) => void,
  ) {}

  /** A step, with its time. The same seed gives the same steps. */
  trace(text: string): void {
    this.line(`${this.time.now.toFixed(3)} ${text}`)
  }

  found(checker: string, message: string): void {
    this.trace(`VIOLATION ${checker}: ${message}`)
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ checker, message })
  }

  /** Work that nobody waits for; whatever it throws is a defect. */
  background(work: Promise<unknown>): void {
    work.catch((fault: unknown) => this.found('defect', textOf(fault)))
  }
}

export const textOf = (fault: unknown): string =>
  fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
