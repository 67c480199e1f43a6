import { outboxRowOf, type LinkAt } from '../../domain/outbox-row-of.js'
import type { LinkedRecords, OutboxRow } from '../../domain/outbox-row.js'
import type { StreamChange } from '../../domain/stream-change.js'
import type { OutboxStore } from '../outbox-store.js'
import { insertRows, type Table } from './insert-rows.js'
import type { Statements } from './statements.js'

/** How rows are put into the outbox. */
export type OutboxRule = Readonly<{
  /** False: no row counts as unpublished. */
  relay: boolean
  link: LinkAt
}>

/** Rows that one pruning looks at: at the worst they all wait, and each is a page to read. */
const ROWS_LOOKED_AT = 2_000

/** Payloads and linked records that one pruning removes, the last of them included: the disk is read for every page of them, and writes wait meanwhile. */
const BYTES_PRUNED = 4 * 1_048_576

/** Puts changes into the outbox, in their order, in the caller's transaction; answers the place of the last row, 0 for none at all. */
export function insertOutbox(
  statements: Statements,
  changes: readonly StreamChange[],
  { relay, link }: OutboxRule,
): number {
  if (changes.length === 0) return 0
  // Places are given here, so that a row and its pointer need not wait for each other. The table keeps the highest for good: none is given twice.
  let seq = statements.get<{ seq: number }>(LAST_PLACE, [])?.seq ?? 0
  const rows: unknown[][] = []
  const pointers: unknown[][] = []
  for (const change of changes) {
    const { row, linked } = outboxRowOf(change, link)
    seq++
    rows.push(rowValues(seq, row))
    pointers.push([row.shard, row.streamName, seq])
    if (linked !== null) statements.run(KEEP_LINKED, linkedValues(linked))
  }
  insertRows(statements, OUTBOX_TABLE, rows)
  if (relay) insertRows(statements, UNPUBLISHED_TABLE, pointers)
  return seq
}

/** What is asked of {@link OutboxStore.markPublished}. */
export type Mark = Parameters<OutboxStore['markPublished']>[0]

/** See {@link OutboxStore.markPublished}; in the caller's transaction. */
export function markPublished(statements: Statements, { shard, lease, seqs, streamNames, now }: Mark): boolean {
  if (statements.get(HOLDS_LEASE, [lease.name, lease.holder, lease.epoch, now]) === undefined) return false
  if (streamNames === undefined) statements.run(PUBLISHED, [JSON.stringify(seqs), shard])
  else statements.run(PUBLISHED_OF_STREAMS, [JSON.stringify(seqs.map((seq, at) => [streamNames[at], seq])), shard])
  return true
}

export type PruneRange = Readonly<{ before: number; limit: number; after: number }>

/**
 * Removes up to `limit` published rows that were made before a time, of the next {@link ROWS_LOOKED_AT} after a place, in the caller's transaction, fewer where they
 * are large: `full` is true then. `next` is where to go on: 0, the beginning, once there is nothing further on that is old enough.
 */
export function pruneOutbox(
  statements: Statements,
  { before, limit, after }: PruneRange,
): Readonly<{ pruned: number; next: number; full: boolean }> {
  const seen = statements.all<LookedAt>(LOOK, [after, ROWS_LOOKED_AT])
  const gone: number[] = []
  let bytes = 0
  let next = seen.length === ROWS_LOOKED_AT ? seen.at(-1)!.seq : 0
  for (const { seq, createdAt, waits } of seen) {
    if (createdAt >= before) {
      next = 0
      break
    }
    if (waits === 1) continue
    gone.push(seq)
    bytes += statements.get<{ bytes: number }>(BYTES, [seq])!.bytes
    if (gone.length < limit && bytes < BYTES_PRUNED) continue
    next = seq
    break
  }
  if (gone.length > 0) {
    const seqs = JSON.stringify(gone)
    statements.run(FORGET_LINKED, [before, seqs])
    statements.run(FORGET_ROWS, [seqs])
  }
  return { pruned: gone.length, next, full: bytes >= BYTES_PRUNED }
}

type LookedAt = Readonly<{ seq: number; createdAt: number; waits: number }>

const rowValues = (seq: number, row: OutboxRow): unknown[] => [
  seq,
  row.id,
  row.streamName,
  row.identity,
  row.type,
  row.partition,
  row.shard,
  row.pool,
  row.dataset,
  row.epoch,
  row.syncCount,
  row.previousEpoch,
  row.previous,
  row.createdAt,
  row.payload,
]

export const linkedValues = ({ id, records, createdAt }: LinkedRecords): unknown[] => [id, records, createdAt]

const OUTBOX_TABLE: Table = {
  name: 'outbox',
  columns: [
    'seq',
    'id',
    'aggregatetype',
    'aggregateid',
    'type',
    '"partition"',
    'shard',
    'pool_id',
    'dataset',
    'epoch',
    'sync_count',
    'previous_epoch',
    'previous_count',
    'created_at',
    'payload',
  ],
}

const UNPUBLISHED_TABLE: Table = { name: 'outbox_unpublished', columns: ['shard', 'stream_name', 'seq'] }

const LAST_PLACE = `SELECT seq FROM sqlite_sequence WHERE name = 'outbox'`

// A dataset may be published whole twice at the same count: its records are the same, and stay for the later one.
export const KEEP_LINKED = `INSERT INTO outbox_linked (id, records, created_at) VALUES (?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET records = excluded.records, created_at = max(created_at, excluded.created_at)`

const HOLDS_LEASE = 'SELECT 1 FROM stream_lease WHERE name = ? AND holder = ? AND epoch = ? AND until > ?'

const PUBLISHED = `DELETE FROM outbox_unpublished WHERE (stream_name, seq) IN
  (SELECT o.aggregatetype, o.seq FROM json_each(?) AS marked CROSS JOIN outbox AS o ON o.seq = marked.value
    WHERE o.shard = ?)`

// Reads no page of the outbox itself, which would fill this thread's memory with payloads.
const PUBLISHED_OF_STREAMS = `DELETE FROM outbox_unpublished WHERE (stream_name, seq) IN
  (SELECT value ->> 0, value ->> 1 FROM json_each(?)) AND shard = ?`

const LOOK = `SELECT o.seq, o.created_at AS createdAt, EXISTS (SELECT 1 FROM outbox_unpublished AS u
    WHERE u.stream_name = o.aggregatetype AND u.seq = o.seq) AS waits
  FROM outbox AS o WHERE o.seq > ? ORDER BY o.seq LIMIT ?`

// Only looks at the lengths that stand at the beginning of a row.
const BYTES = `SELECT octet_length(o.payload) + coalesce(octet_length(l.records), 0) AS bytes
  FROM outbox AS o LEFT JOIN outbox_linked AS l ON l.id = o.id WHERE o.seq = ?`

const FORGET_LINKED = `DELETE FROM outbox_linked WHERE created_at < ? AND id IN
  (SELECT o.id FROM json_each(?) AS gone CROSS JOIN outbox AS o ON o.seq = gone.value)`

const FORGET_ROWS = 'DELETE FROM outbox WHERE seq IN (SELECT value FROM json_each(?))'
