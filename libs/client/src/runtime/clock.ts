/** Time as the client sees it. Comes in through the constructor, so that a test or the simulation can hold it. */
export interface Clock {
  /** Epoch milliseconds by the device's own clock; metadata only, decides nothing (it may jump). */
  now(): number
  /** Milliseconds since some fixed moment; never goes back. */
  elapsed(): number
  /** Runs work once after a delay; the answer cancels it. */
  after(delayMs: number, work: () => void): () => void
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
    return () => clearTimeout(timer)
  }
}
