/** What the connections to a database are for. */
export type ConnectionKind = 'commits' | 'others'

/** How those of one kind are used. */
export type ConnectionFigures = Readonly<{
  places: number
  inUse: number
  waiting: number
  /** How long the first of those who wait in turn has waited. */
  oldestWaitMs: number
  /** Since the start: how many waited and then had their turn, how long all of them together, and how many were turned away. */
  waits: number
  waitedMs: number
  refused: number
  /** True while callers are turned away. */
  isBusy: boolean
}>

/** What answered a listing of a large dataset: a replica, or the primary, as the replica was behind, ahead, away, busy, or the dataset is too small for it. */
export type ListingSource = 'replica' | 'behind' | 'ahead' | 'away' | 'busy' | 'small'
