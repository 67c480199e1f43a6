import type { LinkedRecords, OutboxRow } from './outbox-row.js'
import type { StreamChange } from './stream-change.js'
import { streamPlace } from './stream-place.js'
import { streamRecord } from './stream-record.js'

/** Where the records of an event made at a time can be fetched. */
export type LinkAt = (eventId: string, at: number) => string

/** Makes the row of a change, and keeps its records apart where they are too many for the payload. */
export function outboxRowOf(
  change: StreamChange,
  link: LinkAt,
): Readonly<{ row: OutboxRow; linked: LinkedRecords | null }> {
  const { kind, path, target, epoch, syncCount, previousEpoch, previous, at } = change
  const id = eventIdOf(change)
  const { payload, linked } = streamRecord(change, id, (eventId) => link(eventId, at))
  const row: OutboxRow = {
    id,
    streamName: target.streamName,
    identity: path.identity,
    type: kind,
    payload,
    ...streamPlace(path.identity, target.partitions),
    pool: path.pool,
    dataset: path.dataset,
    epoch,
    syncCount,
    previousEpoch,
    previous,
    createdAt: at,
  }
  return { row, linked: linked === null ? null : { id, records: linked, createdAt: at } }
}

const eventIdOf = ({ kind, path, epoch, syncCount }: StreamChange): string =>
  `${path.identity}/${path.dataset}/${epoch}/${syncCount}${kind === 'snapshot' ? '/snapshot' : ''}`
