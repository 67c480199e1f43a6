import type { Clock } from '../../../runtime/clock.js'

/** After it failed, a replica is left alone for so long, and twice as long after each further failure, up to a minute. */
const REST_MS = 5_000
const REST_MS_MAX = 60_000

/** One that was behind so many times in a row is behind for everybody, and catches up sooner than it comes back. */
const BEHIND_MAX = 4
const BEHIND_REST_MS = 2_000

/** Decides when a replica is worth asking (PL9). */
export class ReplicaCircuit {
  private restUntil = -Infinity
  private failures = 0
  private behind = 0
  private isTrying = false

  constructor(private readonly clock: Clock) {}

  /** True when it may be asked; after a rest one may, and all others only once that went well. Whoever may has to tell how it went. */
  mayTry(): boolean {
    if (this.clock.elapsed() < this.restUntil) return false
    if (this.failures === 0 && this.behind < BEHIND_MAX) return true
    if (this.isTrying) return false
    this.isTrying = true
    return true
  }

  /** `unasked`: in the end it was not tried. */
  went(how: 'well' | 'behind' | 'away' | 'unasked'): void {
    this.isTrying = false
    if (how === 'unasked') return
    this.failures = how === 'away' ? this.failures + 1 : 0
    this.behind = how === 'behind' ? this.behind + 1 : 0
    const now = this.clock.elapsed()
    if (how === 'away') this.restUntil = now + Math.min(REST_MS * 2 ** (this.failures - 1), REST_MS_MAX)
    if (this.behind >= BEHIND_MAX) this.restUntil = now + BEHIND_REST_MS
  }
}
