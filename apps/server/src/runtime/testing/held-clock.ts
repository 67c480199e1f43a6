import type { Clock } from '../clock.js'

/** A clock that moves only when a test moves it. */
export class HeldClock implements Clock {
  private readonly waiting: { at: number; work: () => void }[] = []

  constructor(private time = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.time
  }

  elapsed(): number {
    return this.time
  }

  soon(work: () => void): void {
    setImmediate(work)
  }

  after(delayMs: number, work: () => void): () => void {
    const entry = { at: this.time + delayMs, work }
    this.waiting.push(entry)
    return () => {
      const index = this.waiting.indexOf(entry)
      if (index >= 0) this.waiting.splice(index, 1)
    }
  }

  /** Moves time on and runs what falls due, in order. */
  advance(ms: number): void {
    const target = this.time + ms
    for (;;) {
      const due = this.waiting.filter((entry) => entry.at <= target).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.waiting.splice(this.waiting.indexOf(due), 1)
      this.time = Math.max(this.time, due.at)
      due.work()
    }
    this.time = target
  }
}
