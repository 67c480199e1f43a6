import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { backOffMs } from '../runtime/back-off.js'

/** Streams that are remembered; past that the ones whose hold is over are forgotten, with how often they refused. */
const HOLDS_MAX = 1_000

/** Streams whose topic refused, each of which rests for a while that grows, so that others go on (V26). */
export class StreamHolds {
  private readonly holds = new Map<string, Readonly<{ until: number; failures: number }>>()

  constructor(private readonly deps: Readonly<{ clock: Clock; random: Random }>) {}

  /** Streams that rest now. */
  names(): readonly string[] {
    if (this.holds.size === 0) return NONE
    const now = this.deps.clock.elapsed()
    return [...this.holds].filter(([, { until }]) => until > now).map(([streamName]) => streamName)
  }

  /** How soon one of them may be tried again, milliseconds; Infinity where none rests. */
  nextEndMs(): number {
    const now = this.deps.clock.elapsed()
    return Math.min(...[...this.holds.values()].map(({ until }) => until - now).filter((leftMs) => leftMs > 0))
  }

  begin(streamName: string): void {
    const { clock, random } = this.deps
    const failures = (this.holds.get(streamName)?.failures ?? 0) + 1
    if (this.holds.size >= HOLDS_MAX) this.forgetEnded()
    this.holds.set(streamName, { until: clock.elapsed() + backOffMs(failures, random), failures })
  }

  /** To be called when the topic took something, or the stream was parked. */
  end(streamName: string): void {
    this.holds.delete(streamName)
  }

  private forgetEnded(): void {
    const now = this.deps.clock.elapsed()
    for (const [streamName, { until }] of this.holds) if (until <= now) this.holds.delete(streamName)
  }
}

const NONE: readonly string[] = []
