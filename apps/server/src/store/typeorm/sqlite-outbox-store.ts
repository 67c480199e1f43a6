import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { Backlog, OutboxStore, ParkedStream, UnpublishedPage } from '../outbox-store.js'
import { LIVE } from './outbox-columns.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { firstUnpublished } from './sqlite-unpublished.js'
import { KEEP_LINKED, linkedValues, type Mark } from './sqlite-outbox.js'

/** The outbox in SQLite: what a relay does all the time in the commit thread, the rest through the lane, reads through the read-only connection. */
export class SqliteOutboxStore implements OutboxStore {
  /** Where the next pruning goes on. */
  private prunedTo = 0
  private readonly marks: AskedMark[] = []

  constructor(private readonly database: SqliteDatabase) {}

  unpublished(shards: readonly number[], page: UnpublishedPage): Promise<readonly PlacedOutboxRow[]> {
    return new Promise((resolve) => resolve(firstUnpublished(this.database.relayReads, shards, page)))
  }

  markPublished(mark: Mark): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.marks.push({ mark, resolve, reject })
      if (this.marks.length === 1) void this.markAll()
    })
  }

  /** What is asked until its turn comes goes in one transaction: each costs a wait for the disk. */
  private async markAll(): Promise<void> {
    let asked: AskedMark[] = []
    try {
      const marked = await this.database.inThread('markPublished', () => {
        asked = this.marks.splice(0)
        return asked.map(({ mark }) => mark)
      })
      for (const [at, { resolve }] of asked.entries()) resolve(marked[at]!)
    } catch (cause) {
      for (const { reject } of [...asked, ...this.marks.splice(0)]) reject(cause)
    }
  }

  async backlog(): Promise<Backlog> {
    const [row] = await this.query<Backlog>(BACKLOG, [])
    return row!
  }

  park({ streamName, reason, at }: ParkedStream): Promise<void> {
    return this.write('INSERT OR IGNORE INTO stream_park (stream_name, reason, parked_at) VALUES (?, ?, ?)', [
      streamName,
      reason,
      at,
    ])
  }

  unpark(streamName: string): Promise<void> {
    return this.write('DELETE FROM stream_park WHERE stream_name = ?', [streamName])
  }

  parked(): Promise<readonly ParkedStream[]> {
    return this.query(PARKED, [])
  }

  async prune(range: Readonly<{ before: number; limit: number }>): Promise<number> {
    let pruned = 0
    for (let full = true; full && pruned < range.limit;) {
      const request = { before: range.before, limit: range.limit - pruned, after: this.prunedTo }
      const step = await this.database.inThread('prune', request)
      this.prunedTo = step.next
      pruned += step.pruned
      full = step.full
    }
    return pruned
  }

  addLinkedRecords(linked: Readonly<{ id: string; records: string; createdAt: number }>): Promise<void> {
    return this.write(KEEP_LINKED, linkedValues(linked))
  }

  async linkedRecords(id: string): Promise<string | null> {
    const [row] = await this.query<{ records: string }>('SELECT records FROM outbox_linked WHERE id = ?', [id])
    return row?.records ?? null
  }

  private query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return this.database.reads.query(sql, parameters) as Promise<Row[]>
  }

  private write(sql: string, parameters: unknown[]): Promise<void> {
    return this.database.lane.transaction(async (runner) => {
      await runner.query(sql, parameters)
    })
  }
}

/** A mark that waits for its turn. */
type AskedMark = Readonly<{ mark: Mark; resolve: (marked: boolean) => void; reject: (cause: unknown) => void }>

const BACKLOG = `${LIVE}
  SELECT (SELECT coalesce(sum(w."rows"), 0) FROM outbox_waiting AS w
      WHERE w.stream_name NOT IN (SELECT stream_name FROM stream_park)) AS "rows",
    (SELECT min(o.created_at) FROM live AS l CROSS JOIN outbox AS o ON o.seq =
      (SELECT first.seq FROM outbox_unpublished AS first
        WHERE first.stream_name = l.stream ORDER BY first.seq LIMIT 1)) AS oldestAt`

const PARKED = 'SELECT stream_name AS streamName, reason, parked_at AS at FROM stream_park ORDER BY stream_name'
