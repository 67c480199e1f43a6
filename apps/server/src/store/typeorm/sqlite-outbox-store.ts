import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { Backlog, OutboxStore, ParkedStream } from '../outbox-store.js'
import { ALL_SHARDS, LIVE, OUTBOX_COLUMNS } from './outbox-columns.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { KEEP_LINKED, linkedValues } from './sqlite-outbox.js'

/** The outbox in SQLite: what a relay does all the time in the commit thread, the rest through the lane, reads through the read-only connection. */
export class SqliteOutboxStore implements OutboxStore {
  /** Where the next pruning goes on. */
  private prunedTo = 0

  constructor(private readonly database: SqliteDatabase) {}

  async unpublished(
    shard: number,
    { limit, bytesMax }: Readonly<{ limit: number; bytesMax: number }>,
  ): Promise<readonly PlacedOutboxRow[]> {
    const sizes = await this.query<{ seq: number; bytes: number }>(FIRST, [`[${shard}]`, limit, limit])
    let bytes = 0
    const over = sizes.findIndex((row, index) => (bytes += row.bytes) > bytesMax && index > 0)
    const seqs = (over === -1 ? sizes : sizes.slice(0, over)).map(({ seq }) => seq)
    return seqs.length === 0 ? [] : this.query<PlacedOutboxRow>(ROWS, [JSON.stringify(seqs)])
  }

  markPublished(request: Parameters<OutboxStore['markPublished']>[0]): Promise<boolean> {
    return this.database.inThread('markPublished', request)
  }

  async backlog(): Promise<Backlog> {
    const [row] = await this.query<Backlog>(BACKLOG, [ALL_SHARDS])
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

const FIRST = `${LIVE}
  SELECT o.seq, octet_length(o.payload) AS bytes FROM live AS l
    CROSS JOIN outbox_unpublished AS u ON u.shard = l.shard AND u.stream_name = l.stream AND u.seq IN
      (SELECT first.seq FROM outbox_unpublished AS first
        WHERE first.shard = l.shard AND first.stream_name = l.stream ORDER BY first.seq LIMIT ?)
    CROSS JOIN outbox AS o ON o.seq = u.seq
  ORDER BY o.seq LIMIT ?`

const ROWS = `SELECT ${OUTBOX_COLUMNS} FROM json_each(?) AS wanted CROSS JOIN outbox AS o ON o.seq = wanted.value
  ORDER BY o.seq`

const BACKLOG = `${LIVE}
  SELECT (SELECT coalesce(sum(w."rows"), 0) FROM outbox_waiting AS w
      WHERE w.stream_name NOT IN (SELECT stream_name FROM stream_park)) AS "rows",
    (SELECT min(o.created_at) FROM live AS l CROSS JOIN outbox AS o ON o.seq =
      (SELECT first.seq FROM outbox_unpublished AS first
        WHERE first.shard = l.shard AND first.stream_name = l.stream ORDER BY first.seq LIMIT 1)) AS oldestAt`

const PARKED = 'SELECT stream_name AS streamName, reason, parked_at AS at FROM stream_park ORDER BY stream_name'
