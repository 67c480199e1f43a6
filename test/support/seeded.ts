/** Chance that can be had again: the same seed gives the same choices (mulberry32). */
export class Seeded {
  constructor(private state: number) {}

  /** From 0 up to, and not including, 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number, both ends included. */
  from(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.from(0, choices.length - 1)]!
  }

  /** Another source of chance, so that what one worker draws does not shift what the next one draws. */
  fork(): Seeded {
    return new Seeded(this.from(0, 0x7fffffff))
  }
}
