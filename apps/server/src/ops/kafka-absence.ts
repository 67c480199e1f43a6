/** A broker that is back sooner than this was restarted, or a leader moved: nobody is told, milliseconds. */
export const AWAY_AFTER_MS = 2_000

/** Tells a broker that is away from single sends that failed. Times are `Clock.elapsed`. */
export class KafkaAbsence {
  private since: number | null = null
  private told = false

  /** A send got no answer; true when that is to be told, once for each absence. */
  failed(at: number): boolean {
    this.since ??= at
    if (this.told || at - this.since < AWAY_AFTER_MS) return false
    this.told = true
    return true
  }

  /** A send was answered; milliseconds of the absence when it ended an absence that was told, else null. */
  answered(at: number): number | null {
    const { since, told } = this
    this.since = null
    this.told = false
    return told ? at - since! : null
  }
}
