import type { DatasetName, IdentityId, RecordKey, RecordPatch, SyncCount } from '@satchel/protocol'
import type { WriteOutcome } from '../../libs/client/src/api.js'

/** One commit to one dataset, as the store did it: the ground truth of a run. */
export type Commit = Readonly<{
  identity: IdentityId
  dataset: DatasetName
  kind: 'update' | 'delete'
  epoch: number
  count: SyncCount
  /** Server time. */
  at: number
  /** Who is named as the writer. */
  by: string
  /** What makes the batch this one and no other; null for a deletion. */
  batch: string | null
  patches: readonly RecordPatch[]
}>

/** Tombstones that the server forgot. */
export type Collection = Readonly<{
  kind: 'collected'
  identity: IdentityId
  dataset: DatasetName
  keys: readonly RecordKey[]
}>

/** In the order of the store. */
export type LogEntry = Commit | Collection

/** An app's change to one key, as the app did it. */
export type AppEdit = {
  readonly id: number
  /** Every identity that its device acted for. */
  readonly identities: () => readonly string[]
  readonly device: string
  readonly tab: string
  readonly dataset: string
  readonly key: string
  /** null removes. */
  readonly value: string | null
  readonly atMs: number
  /** It removes what the server did not have then, or this device had not seen, which need not reach anybody. */
  readonly isIdle: () => boolean
  saved: boolean
  /** When it was called saved; virtual ms. */
  savedAtMs: number
  /** Rises with every edit that is called saved. */
  savedOrder: number
  /** It was refused by the device's storage, and taken back. */
  failed: boolean
  /** Its device's storage was evicted afterwards, or wiped by the app. */
  storageLost: boolean
  /** The app, or the resolver that it gave, decided over it. */
  readonly overruled: () => boolean
  outcome: WriteOutcome | null
}

/** What a device shows and waits with, at one moment. */
export type DeviceView = Readonly<{
  device: string
  tab: string
  identity: string | null
  status: string
  reason: string
  datasets: readonly DatasetViewed[]
}>

export type DatasetViewed = Readonly<{
  dataset: string
  syncCount: number
  shown: readonly (readonly [key: string, value: string])[]
  pending: readonly Readonly<{ key: string; value: string | null }>[]
  conflicts: readonly Readonly<{ key: string; local: string | null; remote: string | null; remoteBy: string }>[]
  parked: readonly Readonly<{ key: string; value: string | null }>[]
}>

/** A dataset as the server holds it at the end. */
export type ServerView = Readonly<{
  identity: string
  dataset: string
  exists: boolean
  syncCount: number
  live: readonly (readonly [key: string, value: string])[]
}>

/** Something that must never be, found. */
export type Violation = Readonly<{ checker: string; message: string }>
