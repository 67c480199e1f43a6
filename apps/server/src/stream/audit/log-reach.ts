import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import { comparePositions, previousOf, streamStanding, type StreamPosition } from '../../domain/stream-standing.js'

/** How far the change log reaches for a dataset of which the topic lacks changes. */
export type Reach = Readonly<{
  /** The oldest missing change the change log has, from which on everything can be published again; null for none. */
  from: StreamPosition | null
  /** How many changes from there on the change log has. */
  rows: number
  /** Missing changes that the change log does not have either: those after `after`, up to `through`. Null for none. */
  lost: Readonly<{ after: StreamPosition | null; through: StreamPosition }> | null
}>

/** Follows a dataset of a stream through the change log from the last change that the topic has in order. */
export class LogReach {
  private last: StreamPosition | null
  private from: StreamPosition | null = null
  private rows = 0
  private lost: Reach['lost'] = null

  constructor(
    private readonly after: StreamPosition | null,
    private readonly through: StreamPosition,
  ) {
    this.last = after
  }

  /** True for a row that the topic lacks, or has behind one that it lacks. Rows come in the order of the log. */
  covers(row: PlacedOutboxRow): boolean {
    return row.type === 'change' && (this.after === null || comparePositions(row, this.after) > 0)
  }

  /** Takes a row into account that it covers. */
  add(row: PlacedOutboxRow): void {
    const at = { epoch: row.epoch, syncCount: row.syncCount }
    if (streamStanding(this.last, row) === 'ahead') this.lost ??= { after: this.last, through: previousOf(row) }
    if (this.lost === null) this.from ??= at
    this.rows += 1
    this.last = at
  }

  /** Behind the last row. */
  end(): Reach {
    const ends = this.last !== null && comparePositions(this.last, this.through) >= 0
    const lost = this.lost ?? (ends ? null : { after: this.last, through: this.through })
    return { from: this.from, rows: this.rows, lost }
  }
}
