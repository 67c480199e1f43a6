import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { Clock } from '../runtime/clock.js'

/** What verification asks of the store: credentials end with their identity. */
export interface IdentityStanding {
  /** True while the identity exists, is not disabled, and its pool exists. */
  isActive(identity: IdentityId, pool: IdentityPoolId): Promise<boolean>
}

/** How long an answer may be believed; so long may an identity still be served that was disabled on another node, unheard. */
export const STANDING_AGE_MAX_MS = 2_000

/** Most identities remembered at a time. */
export const STANDINGS_MAX = 10_000

/**
 * Remembers for at most 2 seconds how identities stand (K7), and asks once where many requests want to know at the same
 * time. What this node itself disables or deletes, or hears of from another, it forgets at once (K8, RD9).
 */
export class CachedStanding implements IdentityStanding {
  private readonly readings = new Map<IdentityId, Reading>()

  constructor(private readonly deps: Readonly<{ source: IdentityStanding; clock: Clock }>) {}

  isActive(identity: IdentityId, pool: IdentityPoolId): Promise<boolean> {
    const now = this.deps.clock.now()
    const held = this.readings.get(identity)
    if (held !== undefined && held.pool === pool && isFresh(held, now)) return held.active
    return this.read(identity, pool, now)
  }

  /** To be called after the change is committed, here or at another node. */
  forget(identity: IdentityId): void {
    this.readings.delete(identity)
  }

  /** To be called after the change is committed, here or at another node. */
  forgetPool(pool: IdentityPoolId): void {
    for (const [identity, reading] of this.readings) if (reading.pool === pool) this.readings.delete(identity)
  }

  private read(identity: IdentityId, pool: IdentityPoolId, readAt: number): Promise<boolean> {
    const reading: Reading = { pool, readAt, active: this.deps.source.isActive(identity, pool) }
    this.readings.delete(identity) // so that the newest reading stands last
    if (this.readings.size >= STANDINGS_MAX) this.forgetOldest()
    this.readings.set(identity, reading)
    // A reading that fails must not be remembered; whoever asked learns of the failure from the promise itself.
    reading.active.catch(() => {
      if (this.readings.get(identity) === reading) this.readings.delete(identity)
    })
    return reading.active
  }

  private forgetOldest(): void {
    for (const identity of this.readings.keys()) {
      this.readings.delete(identity)
      return
    }
  }
}

/** The age counts from the question, not from the answer. */
type Reading = Readonly<{ pool: IdentityPoolId; readAt: number; active: Promise<boolean> }>

/** A clock set back makes a reading's age unknown, so it is read again. */
const isFresh = ({ readAt }: Reading, now: number): boolean => now >= readAt && now - readAt < STANDING_AGE_MAX_MS
