import type { Write, WriteOutcome } from '../api.js'
import type { Fate } from './fate.js'

/** From the best to the worst that can become of a key; a write of several keys ends as its worst. */
const SEVERITY = { accepted: 0, overruled: 1, conflict: 2, refused: 3 } as const

/** A write on its way, as the app holds it. */
export class TrackedWrite implements Write {
  #durable: Promise<void> | null = null
  #ended: Promise<WriteOutcome> | null = null

  constructor(
    private readonly whenSaved: () => Promise<void>,
    private readonly fates: readonly Fate[],
  ) {}

  get saved(): Promise<void> {
    if (this.#durable === null) {
      this.#durable = this.whenSaved()
      // An app need not wait; what went wrong shows in the status too.
      this.#durable.catch(() => {})
    }
    return this.#durable
  }

  get outcome(): Promise<WriteOutcome> {
    return (this.#ended ??= Promise.all(this.fates.map((fate) => fate.wait())).then(worst))
  }

  then<A = void, B = never>(
    resolved?: ((value: void) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.saved.then(resolved, rejected)
  }
}

const worst = (outcomes: readonly WriteOutcome[]): WriteOutcome =>
  outcomes.reduce<WriteOutcome>((a, b) => (SEVERITY[b.kind] > SEVERITY[a.kind] ? b : a), { kind: 'accepted' })
