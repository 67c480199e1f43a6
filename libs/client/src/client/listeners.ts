import type { Unsubscribe } from '../api.js'
import { asError } from '../as-error.js'

/** Those who want to be told of something; one who throws is reported and harms nobody else. */
export class Listeners<Event> {
  readonly #all = new Set<(event: Event) => void>()

  constructor(private readonly fault: (fault: Error) => void) {}

  get size(): number {
    return this.#all.size
  }

  add(listener: (event: Event) => void): Unsubscribe {
    // A function of its own for each call, so that adding one twice means being told twice.
    const own = (event: Event) => listener(event)
    this.#all.add(own)
    return () => void this.#all.delete(own)
  }

  tell(event: Event): void {
    for (const listener of this.#all) {
      try {
        listener(event)
      } catch (thrown) {
        this.fault(asError(thrown))
      }
    }
  }
}
