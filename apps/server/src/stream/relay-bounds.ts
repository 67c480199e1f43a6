/** What a relay keeps within, all its shards together. Times in milliseconds. */
export type RelayBounds = Readonly<{
  /** Rows and bytes of payload that are read ahead of their sending. */
  windowRowsMax: number
  windowBytesMax: number
  /** What one send carries; a single row may be larger. */
  batchRowsMax: number
  batchBytesMax: number
  /** After a read that found rows the next one begins so much later for each of them, and no more than the second. */
  restMsPerRow: number
  restMsMax: number
  /** So many acknowledged rows are marked as published at once; fewer after a while. */
  markRowsMin: number
  markDelayMs: number
  /** With so many acknowledged rows that are not marked, nothing further is read. */
  unmarkedRowsMax: number
  /** A send that has not ended by then counts as failed; none begins with less lease left. */
  sendMsMax: number
  /**
   * How soon rows are looked for that nobody told of: after some were found the first, then twice as long each time there were none, up to the
   * second. So what other nodes commit is found soon while they do, and looking costs next to nothing while they do not.
   */
  pollMsMin: number
  pollMsMax: number
  /** How long a stopping relay waits for its sends and marks. */
  stopMs: number
}>

export const RELAY_BOUNDS: RelayBounds = {
  windowRowsMax: 1_000,
  windowBytesMax: 1_048_576,
  batchRowsMax: 500,
  batchBytesMax: 512 * 1_024,
  restMsPerRow: 5,
  restMsMax: 20,
  markRowsMin: 1_000,
  markDelayMs: 100,
  unmarkedRowsMax: 4_000,
  sendMsMax: 6_000,
  pollMsMin: 20,
  pollMsMax: 500,
  stopMs: 5_500,
}
