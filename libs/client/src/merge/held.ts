import type { ErrorCode, RecordKey, SyncCount } from '@satchel/protocol'
import type { Settled } from '../replica/replica.js'

/** What the server last told of a key. */
export type HeldRecord = Readonly<{
  /** null is a tombstone. */
  value: string | null
  count: SyncCount
  /** The lowest count from which every step up to `count` was made by this very device; `count` itself for another's. */
  ownSince: SyncCount
  modifiedAt: number
  modifiedBy: string
  deviceModifiedAt: number | null
  /** The server does not hold it any more, not even as a tombstone, so a patch to it is made against nothing. */
  gone: boolean
}>

type PlacedEdit = Readonly<{
  value: string | null
  base: SyncCount
  at: number
  /** Place of the group that wrote it last. */
  place: number
}>

export type PendingEdit = PlacedEdit & Readonly<{ parked: Readonly<{ code: ErrorCode; message: string }> | null }>

/** An edit on its way to the server. */
export type FlownEdit = PlacedEdit & Readonly<{ patchBase: SyncCount }>

/** All that this device holds of one key, apart from edits that are not in the journal yet. */
export type Held = Readonly<{
  key: RecordKey
  record: HeldRecord | null
  /** Newer than what is on its way, where there is both. */
  pending: PendingEdit | null
  flown: FlownEdit | null
}>

/** A key after a step of the journal, and what became of edits by it. */
export type Moved = Readonly<{ held: Held; settled: readonly Omit<Settled, 'dataset' | 'key'>[] }>

/** Where in its life a dataset is as an entry is applied. */
export type Moment = Readonly<{
  /** Place of the group that is applied. */
  place: number
  /** True once the server has told everything, so that a key without a record is known to have none. */
  complete: boolean
}>

export const nothingHeld = (key: RecordKey): Held => ({ key, record: null, pending: null, flown: null })

export const isNothing = ({ record, pending, flown }: Held): boolean =>
  record === null && pending === null && flown === null

/** What `get` answers as far as the journal goes; null for no value. */
export const placedValue = ({ record, pending, flown }: Held): string | null =>
  (pending ?? flown ?? record)?.value ?? null

/** The key after a step that settles nothing. */
export const unmoved = (held: Held): Moved => ({ held, settled: NOTHING })

const NOTHING: Moved['settled'] = []
