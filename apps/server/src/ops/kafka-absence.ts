/** A broker that is back sooner than this was restarted, or a leader moved: nobody is told, milliseconds. */
export const AWAY_AFTER_MS = 2_000

/** Tells a broker that is away from single sends that failed, over all shards. Times are `Clock.elapsed`. */
export class KafkaAbsence {
  private readonly failing = new Set<number>()
  private since = 0
  private told = false

  /** Shards that get no answer. */
  get shards(): number {
    return this.failing.size
  }

  /** A send of a shard got no answer; true when that is to be told, once for each absence. */
  failed(shard: number, at: number): boolean {
    if (this.failing.size === 0) this.since = at
    this.failing.add(shard)
    if (this.told || at - this.since < AWAY_AFTER_MS) return false
    this.told = true
    return true
  }

  /** A send of a shard was answered; milliseconds of the absence when it ended an absence that was told, else null. */
  answered(shard: number, at: number): number | null {
    if (!this.failing.delete(shard) || this.failing.size > 0 || !this.told) return null
    this.told = false
    return at - this.since
  }

  /** The shard is another process's matter now. */
  forget(shard: number): void {
    this.failing.delete(shard)
    if (this.failing.size === 0) this.told = false
  }
}
