import type { Clock } from '../runtime/clock.js'

/**
 * Until when the server wants to hear nothing. It outlives connections, sessions and users: whoever asks next from this client waits
 * as well.
 */
export class Patience {
  #endMs: number | null = null

  constructor(private readonly clock: Clock) {}

  /** By the clock that never goes back; null for no time that is still to come. */
  get untilMs(): number | null {
    if (this.#endMs !== null && this.#endMs <= this.clock.elapsed()) this.#endMs = null
    return this.#endMs
  }

  /** The server has asked for so much time from now on. A shorter one than is asked for already changes nothing. */
  asked(forMs: number): void {
    this.#endMs = Math.max(this.#endMs ?? 0, this.clock.elapsed() + forMs)
  }
}
