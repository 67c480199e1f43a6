import type { Status } from '@satchel/client'

/** How long devices were without a connection each time, by what they said of themselves. */
export class Absences {
  /** Milliseconds of each absence that is over. */
  readonly lengths: number[] = []
  private readonly since = new Map<string, number>()

  heard(device: string, { kind }: Status): void {
    const isThere = kind === 'live' || kind === 'syncing'
    const since = this.since.get(device)
    if (!isThere) {
      this.since.set(device, since ?? performance.now())
    } else if (since !== undefined) {
      this.since.delete(device)
      this.lengths.push(Math.round(performance.now() - since))
    }
  }

  get longest(): number {
    return Math.max(0, ...this.lengths)
  }

  /** So many of a hundred were no longer. */
  percentile(share: number): number {
    const sorted = [...this.lengths].sort((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * share) / 100))] ?? 0
  }
}
