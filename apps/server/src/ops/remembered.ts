import type { Clock } from '../runtime/clock.js'

/** An answer that takes a while to get: asked for once at a time, and given again for as long as it is fresh. */
export class Remembered<T> {
  private held: Readonly<{ answer: T; until: number }> | null = null
  private asking: Promise<T> | null = null

  constructor(
    private readonly source: () => Promise<T>,
    private readonly options: Readonly<{ clock: Clock; lifeMs: number }>,
  ) {}

  /** Rejects when the source does; that is not remembered. */
  ask(): Promise<T> {
    const { clock } = this.options
    if (this.held !== null && clock.elapsed() < this.held.until) return Promise.resolve(this.held.answer)
    this.asking ??= this.fetch().finally(() => (this.asking = null))
    return this.asking
  }

  private async fetch(): Promise<T> {
    const answer = await this.source()
    this.held = { answer, until: this.options.clock.elapsed() + this.options.lifeMs }
    return answer
  }
}
