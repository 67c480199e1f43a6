/** Where a reader of a change stream stands in one dataset: the last change it took. */
export type StreamPosition = Readonly<{ epoch: number; syncCount: number }>

/** A change as its message tells it, with epoch and count of the dataset's change before it in the stream; 0 and 0 for none. */
export type StreamLink = StreamPosition & Readonly<{ previousEpoch: number; previous: number }>

/**
 * - `next`: to be taken.
 * - `repeated`: was taken before, to be passed over.
 * - `ahead`: a change between is missing. It may come yet, and this one again behind it; who takes it now gives up what is missing.
 */
export type StreamStanding = 'next' | 'repeated' | 'ahead'

/**
 * The rule by which a reader of a change stream takes each change of a dataset once and none without the one before (V70). `last` is null
 * for a dataset that the reader knows nothing of.
 *
 * Counts that the stream never carried, because it was off, are no gap: the change before says so. A newer epoch is newer, whatever its counts:
 * a dataset created anew goes on counting, and after a backup was put back counts come a second time.
 */
export function streamStanding(last: StreamPosition | null, link: StreamLink): StreamStanding {
  if (last !== null && comparePositions(link, last) <= 0) return 'repeated'
  return comparePositions(previousOf(link), last ?? NOTHING) <= 0 ? 'next' : 'ahead'
}

/** The change that this one names as the one before it. */
export const previousOf = ({ previousEpoch, previous }: StreamLink): StreamPosition => ({
  epoch: previousEpoch,
  syncCount: previous,
})

const NOTHING: StreamPosition = { epoch: 0, syncCount: 0 }

/** Below 0 when `a` is older than `b`, 0 when they are the same, above 0 when it is newer. */
export const comparePositions = (a: StreamPosition, b: StreamPosition): number =>
  a.epoch - b.epoch || a.syncCount - b.syncCount
