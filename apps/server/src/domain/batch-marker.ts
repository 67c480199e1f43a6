import type { DatasetPath, DeviceId, IdentityId, SyncCount } from '@satchel/protocol'

/** How long a sync session may be used, milliseconds (SPEC S2). */
export const SYNC_SESSION_LIFE_MS = 24 * 3_600_000

/** How long a device's last batch is remembered after it was accepted, milliseconds (SPEC NA4). */
export const DEVICE_MARKER_LIFE_MS = 400 * 86_400_000

/**
 * Who sent which batch, kept with the batch in one transaction, so that the same batch sent again gets its first
 * answer and is never applied twice (SPEC S4, NA1).
 */
export type BatchMarker = Readonly<{
  /** The sync session that the batch spent, or {@link deviceMarkerId}. */
  id: string
  /** The device's number for the batch; 0 for a sync session, which has one batch only. */
  number: number
  /** Hash of the batch; the same id and number with another hash is refused. */
  hash: string
  /** The count the batch took. */
  syncCount: SyncCount
  at: number
  by: string
}>

/** Where a batch comes from, before it is judged. */
export type BatchOrigin = Pick<BatchMarker, 'id' | 'number' | 'hash'>

/** Ids of device markers begin here and go on to the end: behind those of every sync session. */
export const DEVICE_MARKERS_FROM = '~'

/**
 * One marker for a device and a dataset, which every batch replaces: a device sends its batches of a dataset one after
 * the other. Neither identity nor dataset can hold a line break, so no two triples share an id.
 */
export const deviceMarkerId = ({ identity, dataset }: DatasetPath, device: DeviceId): string =>
  `${DEVICE_MARKERS_FROM}${identity}\n${device}\n${dataset}`

/** The range of an identity's device markers; `to` is not in it. */
export const deviceMarkersOf = (identity: IdentityId): Readonly<{ from: string; to: string }> => ({
  from: `${DEVICE_MARKERS_FROM}${identity}\n`,
  to: `${DEVICE_MARKERS_FROM}${identity}\v`,
})
