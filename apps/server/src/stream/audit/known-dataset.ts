import type { DatasetName, IdentityId, IdentityPoolId } from '@satchel/protocol'
import type { PlacedOutboxRow } from '../../domain/outbox-row.js'
import { comparePositions, type StreamLink, type StreamPosition } from '../../domain/stream-standing.js'
import { datasetKey } from '../../domain/working-set.js'

/** A dataset in one of the streams it went to. */
export type StreamPlace = Readonly<{
  streamName: string
  pool: IdentityPoolId
  identity: IdentityId
  dataset: DatasetName
}>

/** What the store knows of a dataset's changes in one stream. */
export type KnownDataset = StreamPlace &
  Readonly<{
    /** How far the dataset is, streamed or not; null when it is no longer there, as after its identity was deleted. */
    reached: StreamPosition | null
    /** Its newest change that went into the outbox, as the dataset remembers it; null where that went to another stream. */
    streamed: StreamPosition | null
    /** What the change log holds of it; null for nothing. */
    log: LoggedChanges | null
  }>

/** A dataset's changes in the change log. */
export type LoggedChanges = Readonly<{
  partition: number
  last: StreamPosition
  /** When the newest was accepted, epoch milliseconds. */
  lastAt: number
  /** The oldest change that is not published. */
  waiting: StreamLink | null
}>

/** One key for a dataset in a stream; see {@link datasetKey}. */
export const placeKey = (place: Pick<StreamPlace, 'streamName' | 'identity' | 'dataset'>): string =>
  `${place.streamName}\n${datasetKey(place)}`

/** Adds a change of the log, later in it than those before. */
export function withRow(log: LoggedChanges | null, row: PlacedOutboxRow, waits: boolean): LoggedChanges {
  const { partition, epoch, syncCount, previousEpoch, previous, createdAt } = row
  return {
    partition,
    last: log !== null && comparePositions(log.last, row) >= 0 ? log.last : { epoch, syncCount },
    lastAt: Math.max(log?.lastAt ?? 0, createdAt),
    waiting: log?.waiting ?? (waits ? { epoch, syncCount, previousEpoch, previous } : null),
  }
}
