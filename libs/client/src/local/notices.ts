import type { Applied } from '../replica/replica.js'
import type { ChangeSource, StoreListener } from './local-store.js'

/** Notices that wait for their listeners at most; what the oldest say is then told together. */
const WAITING_MAX = 1_024

/** Tells listeners what changed, in order, and never inside of what changed it. */
export class Notices {
  readonly #listeners = new Set<StoreListener>()
  #waiting: [Applied, ChangeSource][] = []

  constructor(private readonly onFault: (fault: Error) => void) {}

  listen(listener: StoreListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tells in a microtask, after those that wait for the same change by a promise that was resolved before. */
  tell(applied: Applied, by: ChangeSource): void {
    if (applied.shown.length === 0 && applied.settled.length === 0) return
    const last = this.#waiting.at(-1)
    if (last !== undefined && last[1] === by && this.#waiting.length >= WAITING_MAX) {
      last[0] = { shown: [...last[0].shown, ...applied.shown], settled: [...last[0].settled, ...applied.settled] }
      return
    }
    this.#waiting.push([applied, by])
    if (this.#waiting.length === 1) queueMicrotask(() => this.flush())
  }

  /** Tells what is still to be told, now. */
  flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const [applied, by] of waiting) for (const listener of [...this.#listeners]) this.#call(listener, applied, by)
  }

  #call(listener: StoreListener, applied: Applied, by: ChangeSource): void {
    try {
      listener.applied(applied, by)
    } catch (fault) {
      this.onFault(new Error('a listener of the local store failed', { cause: fault }))
    }
  }
}
