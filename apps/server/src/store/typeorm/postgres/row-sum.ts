import { createHash } from 'node:crypto'

const BITS = 128
const HASH_BYTES = BITS / 8

/** What rows add up to, in whatever order they come: how many, and the sum of their hashes. */
export class RowSum {
  rows = 0
  private sum = 0n

  /** Adds a row; booleans count as the numbers that SQLite has for them. */
  add(values: readonly unknown[]): void {
    const hash = createHash('sha256').update(textOf(values)).digest().subarray(0, HASH_BYTES)
    this.sum = BigInt.asUintN(BITS, this.sum + BigInt(`0x${hash.toString('hex')}`))
    this.rows++
  }

  equals(other: RowSum): boolean {
    return this.rows === other.rows && this.sum === other.sum
  }

  toString(): string {
    return `${this.rows} rows, checksum ${this.sum.toString(16).padStart(HASH_BYTES * 2, '0')}`
  }
}

/** Whether two rows hold the same, whichever database they are from. */
export const areAlike = (one: readonly unknown[], other: readonly unknown[]): boolean => textOf(one) === textOf(other)

const textOf = (values: readonly unknown[]): string =>
  JSON.stringify(values.map((value) => (typeof value === 'boolean' ? Number(value) : value)))
