import { parseDatasetName, type DatasetName } from '../ids.js'
import type { SyncRecord } from '../record.js'
import type { SyncCount } from '../sync-count.js'
import { DATASETS_PER_MESSAGE_MAX } from './bounds.js'
import { exactly, integer, listOf, nullOr, parserOf, takenBy } from './shape.js'
import { recordsCheck } from './sync.js'

/**
 * Asks to be told of every change of these datasets, and of no others any more. On a socket it lasts until the next
 * one. Over HTTP the answer comes with the first change, or empty after {@link WATCH_WAIT_MS_MAX} at most.
 */
export type WatchRequest = Readonly<{ datasets: readonly WatchedDataset[] }>

export type WatchedDataset = Readonly<{ dataset: DatasetName; epoch: number; since: SyncCount }>

/** Datasets that have moved on from what the watcher knows; over HTTP also what changed while it waited. */
export type WatchAnswer = Readonly<{ changed: readonly Changed[] }>

/** How long a watch over HTTP is held at most. */
export const WATCH_WAIT_MS_MAX = 25_000

/**
 * A hint that a dataset has moved from `base` to `through`. A device that is at `base` in this epoch applies the records
 * and is at `through`; any other device, or one that was sent no records, asks. Losing a hint is harmless.
 */
export type Changed = Readonly<{
  dataset: DatasetName
  epoch: number
  base: SyncCount
  through: SyncCount
  /** What the commit wrote, when that is small; null to ask. */
  records: readonly SyncRecord[] | null
}>

/** A commit of more than this, in UTF-8 bytes of keys and values, is only hinted at. */
export const CHANGED_BYTES_MAX = 262_144

const dataset = takenBy(parseDatasetName)
const perDataset = { max: DATASETS_PER_MESSAGE_MAX, once: 'dataset' }

export const parseWatchRequest = parserOf<WatchRequest>(
  exactly<WatchRequest>({
    datasets: listOf(exactly<WatchedDataset>({ dataset, epoch: integer(), since: integer() }), perDataset),
  }),
)

const changed = exactly<Changed>({
  dataset,
  epoch: integer(),
  base: integer(),
  through: integer(),
  records: nullOr(recordsCheck),
})

export const parseChanged = parserOf<Changed>(changed)

export const parseWatchAnswer = parserOf<WatchAnswer>(exactly<WatchAnswer>({ changed: listOf(changed, perDataset) }))
