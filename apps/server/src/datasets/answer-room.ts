import { byteSize, type SyncRecord } from '@satchel/protocol'

/** How much one answer to a device may carry (NA7). */
export type AnswerBounds = Readonly<{
  /** Records of one dataset. */
  recordsPerPageMax: number
  /** What all records of an answer may weigh together. */
  bytesMax: number
}>

export const ANSWER_BOUNDS: AnswerBounds = { recordsPerPageMax: 2_048, bytesMax: 2 * 1_048_576 }

/** What a record weighs beside its key and value: counts, times and punctuation. */
const BYTES_PER_RECORD = 128

/** What is left of an answer's bounds while it is put together. */
export class AnswerRoom {
  private bytesLeft: number

  constructor({ bytesMax }: AnswerBounds) {
    this.bytesLeft = bytesMax
  }

  get isFull(): boolean {
    return this.bytesLeft <= 0
  }

  /** Takes as many of these records, from the first on, as fit, and at least one, so that every page goes on. */
  take(records: readonly SyncRecord[]): readonly SyncRecord[] {
    for (const [index, record] of records.entries()) {
      const bytes = weigh(record)
      if (index > 0 && bytes > this.bytesLeft) {
        this.bytesLeft = 0
        return records.slice(0, index)
      }
      this.bytesLeft -= bytes
    }
    return records
  }
}

const weigh = ({ key, value }: SyncRecord): number =>
  BYTES_PER_RECORD + byteSize(key) + (value === null ? 0 : byteSize(value))
