import type { DatasetName, IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import { comparePositions, type StreamLink, type StreamPosition } from '../../domain/stream-standing.js'
import type { StreamedDataset } from '../../store/change-log.js'

/** What the store knows of a dataset's changes. */
export type KnownDataset = Readonly<{
  pool: IdentityPoolId
  identity: IdentityId
  dataset: DatasetName
  /** The dataset as it is; null when it is no longer there, as after its identity was deleted. */
  stored: Readonly<{ epoch: number; syncCount: number; streamedThrough: number }> | null
  /** What the change log holds of it; null for nothing. */
  log: LoggedChanges | null
}>

/** A dataset's changes in the change log. */
export type LoggedChanges = Readonly<{
  streamName: string
  partition: number
  rows: number
  last: StreamPosition
  /** When the newest was accepted, epoch milliseconds. */
  lastAt: number
  /** The oldest change of each epoch. */
  starts: readonly StreamLink[]
  /** The oldest change that is not published. */
  waiting: StreamLink | null
}>

export const storedDataset = ({ epoch, syncCount, streamedThrough, ...dataset }: StreamedDataset): KnownDataset => ({
  pool: dataset.pool,
  identity: dataset.identity,
  dataset: dataset.dataset,
  stored: { epoch, syncCount, streamedThrough },
  log: null,
})

/** Adds a change of the log, later in it than those before. */
export function withRow(known: KnownDataset | undefined, row: PlacedOutboxRow, waits: boolean): KnownDataset {
  const { pool, identity, dataset, streamName, partition, epoch, syncCount, previous, createdAt } = row
  const link = { epoch, syncCount, previous }
  const log = known?.log ?? null
  const starts = log?.starts ?? []
  return {
    ...(known ?? { pool, identity, dataset, stored: null }),
    log: {
      streamName,
      partition,
      rows: (log?.rows ?? 0) + 1,
      last: log !== null && comparePositions(log.last, link) >= 0 ? log.last : { epoch, syncCount },
      lastAt: Math.max(log?.lastAt ?? 0, createdAt),
      starts: starts.some((start) => start.epoch === epoch) ? starts : [...starts, link],
      waiting: log?.waiting ?? (waits ? link : null),
    },
  }
}
