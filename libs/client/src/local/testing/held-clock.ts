import type { Clock } from '../../runtime/clock.js'

/** A clock that stands still until it is told to go on. */
export class HeldClock implements Clock {
  private nowMs = 0
  private readonly timers = new Set<{ atMs: number; work: () => void }>()

  now(): number {
    return this.nowMs
  }

  elapsed(): number {
    return this.nowMs
  }

  after(delayMs: number, work: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, work }
    this.timers.add(timer)
    return () => this.timers.delete(timer)
  }

  get waiting(): number {
    return this.timers.size
  }

  advance(ms: number): void {
    this.nowMs += ms
    for (const timer of [...this.timers]) {
      if (timer.atMs > this.nowMs) continue
      this.timers.delete(timer)
      timer.work()
    }
  }
}
