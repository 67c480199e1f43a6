import type { Clock } from '../runtime/clock.js'
import type { Authentication, IdentityProvider } from './identity-provider.js'

/** An answer that nobody came for by then is forgotten: tokens end, and a tab may lead hours after it was opened. */
const KEPT_MS = 10_000

/**
 * A known guest's token, asked for while the device's storage is being opened, so that the two waits are one. A new guest is not made
 * early: another tab may be making one.
 */
export class EarlyToken {
  /** null for a user who is signed in, or a guest that has no identity yet. */
  static of(
    { guest, identity }: Readonly<{ guest: boolean; identity: string | null }>,
    { guests, clock }: Readonly<{ guests: IdentityProvider; clock: Clock }>,
  ): EarlyToken | null {
    return guest && identity !== null ? new EarlyToken(identity, guests.authenticate(identity), clock) : null
  }

  readonly #endMs: number

  private constructor(
    private readonly identity: string,
    private answer: Promise<Authentication> | null,
    private readonly clock: Clock,
  ) {
    this.#endMs = clock.elapsed() + KEPT_MS
    // Whoever comes for it is told.
    answer?.catch(() => {})
  }

  /** The answer, once; null where there is none for this guest. */
  take(known: string | null): Promise<Authentication> | null {
    const { answer } = this
    this.answer = null
    return known === this.identity && this.clock.elapsed() < this.#endMs ? answer : null
  }
}
