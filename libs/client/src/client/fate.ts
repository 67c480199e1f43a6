import type { WriteOutcome } from '../api.js'

/**
 * What becomes of one key of one write. A later write of the key takes its place: whoever waits for the older one is then told
 * what becomes of the newer. References lead from older to newer only, so that writes which nobody holds are free to go.
 */
export class Fate {
  #value: WriteOutcome | null = null
  #next: Fate | null = null
  #promise: Promise<WriteOutcome> | null = null
  #resolve: ((outcome: WriteOutcome) => void) | null = null

  settle(outcome: WriteOutcome): void {
    this.#value ??= outcome
    this.#resolve?.(this.#value)
  }

  supersede(next: Fate): void {
    this.#next = next
    if (this.#promise !== null) void next.wait().then((outcome) => this.settle(outcome))
  }

  wait(): Promise<WriteOutcome> {
    if (this.#value !== null) return Promise.resolve(this.#value)
    if (this.#promise === null) {
      if (this.#next !== null) return this.#next.wait()
      this.#promise = new Promise((resolve) => (this.#resolve = resolve))
    }
    return this.#promise
  }
}
