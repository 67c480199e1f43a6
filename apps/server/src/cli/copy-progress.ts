import type { Clock } from '../runtime/clock.js'

const EVERY_MS = 2_000

/** Tells a person every two seconds how far something has come, and once when it is all there. */
export class CopyProgress {
  private shownAt: number
  private isDone = false

  constructor(
    private readonly deps: Readonly<{ clock: Clock; write: (line: string) => void }>,
    private readonly what: string,
    private readonly amount: (of: number) => string = sizeOf,
  ) {
    this.shownAt = deps.clock.elapsed()
  }

  show({ done, of }: Readonly<{ done: number; of: number }>): void {
    const { clock, write } = this.deps
    if (this.isDone || (done < of && clock.elapsed() - this.shownAt < EVERY_MS)) return
    this.isDone = done >= of
    this.shownAt = clock.elapsed()
    const percent = of === 0 ? 100 : Math.floor((done / of) * 100)
    write(`${this.what}: ${percent} % of ${this.amount(of)}\n`)
  }
}

/** Bytes for a person. */
export function sizeOf(bytes: number): string {
  const mebibytes = bytes / 1_048_576
  return mebibytes < 1 ? `${Math.ceil(bytes / 1_024)} KiB` : `${mebibytes.toFixed(1)} MiB`
}
