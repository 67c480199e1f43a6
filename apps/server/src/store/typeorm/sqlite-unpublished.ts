import { byteSize } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import type { UnpublishedPage } from '../outbox-store.js'
import { LIVE, OUTBOX_COLUMNS } from './outbox-columns.js'
import type { Statements } from './statements.js'

/**
 * What `OutboxStore.unpublished` promises. The pointers of each stream that is wanted are read, and then row by row what they point at, until there is enough: measured, that
 * takes half of what one statement does, and reads at most one payload too many. All of it in one transaction, or every commit of another connection would make this one
 * forget its pages between two rows.
 */
export function firstUnpublished(
  statements: Statements,
  shards: readonly number[],
  page: UnpublishedPage,
): readonly PlacedOutboxRow[] {
  return statements.snapshot(() => read(statements, shards, page))
}

function read(
  statements: Statements,
  shards: readonly number[],
  { limit, bytesMax, without }: UnpublishedPage,
): readonly PlacedOutboxRow[] {
  const held = shards.reduce((mask, shard) => mask | (1 << shard), 0)
  const skipped = new Set(without?.seqs)
  const streams = statements.all<{ stream: string }>(STREAMS, [JSON.stringify(without?.streams ?? [])])
  const seqs = streams.flatMap(({ stream }) => {
    const pointers = statements.all<{ seq: number }>(POINTERS, [stream, held, limit + skipped.size])
    return pointers.map(({ seq }) => seq).filter((seq) => !skipped.has(seq))
  })
  if (streams.length > 1) seqs.sort((a, b) => a - b)

  const rows: PlacedOutboxRow[] = []
  let bytes = 0
  for (const seq of seqs.slice(0, limit)) {
    const row = statements.get<PlacedOutboxRow>(ROW, [seq])
    // Somebody has taken it out by hand. The audit finds it missing; here it must hold up nobody.
    if (row === undefined) continue
    bytes += byteSize(row.payload)
    if (rows.length > 0 && bytes > bytesMax) break
    rows.push(row)
  }
  return rows
}

const STREAMS = `${LIVE} SELECT stream FROM live WHERE stream NOT IN (SELECT value FROM json_each(?))`

const POINTERS = `SELECT seq FROM outbox_unpublished WHERE stream_name = ? AND (1 << shard) & ? ORDER BY seq LIMIT ?`

const ROW = `SELECT ${OUTBOX_COLUMNS} FROM outbox AS o WHERE o.seq = ?`
