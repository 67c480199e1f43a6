/** Time as a dependency, so that a simulation can hold it in its hand. */
export interface Clock {
  /** Epoch milliseconds, whole. */
  now(): number
  /** Milliseconds with a fraction from some fixed moment, never going back: for measuring how long things take. */
  elapsed(): number
  /** Runs `work` once after `delayMs`; the answer cancels it. Never keeps the process alive. */
  after(delayMs: number, work: () => void): () => void
  /** Runs `work` once what has arrived from the network by now was handled; waits for nothing else. */
  soon(work: () => void): void
}

export class SystemClock implements Clock {
  now(): number {
    return Date.now()
  }

  elapsed(): number {
    return performance.now()
  }

  after(delayMs: number, work: () => void): () => void {
    const timer = setTimeout(work, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  }

  soon(work: () => void): void {
    setImmediate(work)
  }
}
