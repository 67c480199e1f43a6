import type { PlacedOutboxRow } from '../domain/outbox-row.js'
import type { Clock } from '../runtime/clock.js'
import { messageBytes } from './line-window.js'
import type { RelayBounds } from './relay-bounds.js'

/**
 * When a line looks for rows: where it was told of some, and where its last read may have left some, once what that read brought has had its rest (V28);
 * told of nothing, ever more seldom as long as that finds nothing (SN6).
 */
export class LinePace {
  /** Whether there may be rows that were not read. */
  private looks = true
  /** When the read that is under way, or was the last, began; by `Clock.elapsed`, like the next. */
  private beganAt = 0
  /** When the next read may begin. */
  private readsAt = 0
  /** How long it rests when nobody wakes it. */
  private pollMs: number
  /** Nobody told of what is read next. */
  private polls = false

  constructor(
    private readonly clock: Pick<Clock, 'elapsed'>,
    private readonly bounds: Pick<
      RelayBounds,
      'batchRowsMax' | 'batchBytesMax' | 'restMsPerRow' | 'restMsMax' | 'pollMsMin' | 'pollMsMax'
    >,
  ) {
    this.pollMs = bounds.pollMsMax
  }

  /** There may be rows that were not read: it was told of some, or a read of them failed, or is to be done again. */
  look(): void {
    this.looks = true
  }

  /** Another process put rows in, and may go on to without a word. */
  lookOften(): void {
    this.pollMs = this.bounds.pollMsMin
    this.look()
  }

  /** Whether to read, once {@link earlyMs} have gone by, or to rest. */
  get isLooking(): boolean {
    return this.looks
  }

  /** How much too early it is for the next read, milliseconds; 0 or less when it may begin. */
  earlyMs(): number {
    return this.readsAt - this.clock.elapsed()
  }

  /** A read begins: what is told of from here on is for the next one. */
  begins(): void {
    this.looks = false
    this.beganAt = this.clock.elapsed()
  }

  /**
   * What the read found. Few rows mean that the next ones are looked for at once, many that what comes within a moment is worth one send: each costs about
   * as much as twenty messages. What fills a batch waits for nothing.
   */
  found(rows: readonly PlacedOutboxRow[]): void {
    const { batchRowsMax, batchBytesMax, restMsPerRow, restMsMax, pollMsMin, pollMsMax } = this.bounds
    const fillsBatch =
      rows.length >= batchRowsMax || rows.reduce((sum, row) => sum + messageBytes(row), 0) >= batchBytesMax
    this.looks ||= fillsBatch
    this.readsAt = fillsBatch ? this.beganAt : this.beganAt + Math.min(rows.length * restMsPerRow, restMsMax)
    if (this.polls) this.pollMs = rows.length > 0 ? pollMsMin : Math.min(2 * this.pollMs, pollMsMax)
    this.polls = false
  }

  /** How long to rest where nobody tells of anything, milliseconds. */
  get restMs(): number {
    return this.pollMs
  }

  /** A rest ended, of itself or because it was told of rows: it looks, either way. */
  rested(): void {
    this.polls = !this.looks
    this.looks = true
  }
}
