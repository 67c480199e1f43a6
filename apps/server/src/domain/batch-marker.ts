import type { SyncCount } from '@satchel/protocol'

/** How long a sync session may be used, milliseconds (SPEC S2). */
export const SYNC_SESSION_LIFE_MS = 24 * 3_600_000

/**
 * Who sent which batch, kept with the batch in one transaction, so that the same batch sent again gets its first
 * answer and is never applied twice (SPEC S4).
 */
export type BatchMarker = Readonly<{
  /** The sync session that the batch spent. */
  id: string
  /** Hash of the batch; the same id with another hash is refused. */
  hash: string
  /** The count the batch took. */
  syncCount: SyncCount
  at: number
  by: string
}>

/** Where a batch comes from, before it is judged. */
export type BatchOrigin = Pick<BatchMarker, 'id' | 'hash'>
