import type {
  BatchOutcome,
  Changes,
  DatasetName,
  DeviceId,
  ErrorCode,
  Limits,
  RecordKey,
  SyncCount,
} from '@satchel/protocol'

/** What an app did to one key. */
export type Edit = Readonly<{
  key: RecordKey
  /** null removes the key. */
  value: string | null
  /** The record's count that the editing tab saw; 0 if it saw none. */
  base: SyncCount
  /** The device's clock, epoch milliseconds; metadata. */
  at: number
}>

/**
 * One step in the life of a local store. All that a store knows follows from its entries in the order of the journal,
 * by `Replica.apply`; every tab applies the same entries in the same order and comes to the same state.
 */
export type Entry =
  /** The app wants the dataset kept in step. */
  | Readonly<{ kind: 'open'; dataset: DatasetName }>
  /** The app changed keys, all in one step. An edit folds into the key's pending one and leaves that one's base. */
  | Readonly<{ kind: 'edit'; dataset: DatasetName; edits: readonly Edit[] }>
  /**
   * A conflict was resolved. `over` is the place of the pending edit that was looked at; when a newer edit has
   * replaced it meanwhile, this says nothing. `edit` null takes what the server has; otherwise it replaces the pending
   * edit, base included.
   */
  | Readonly<{ kind: 'settle'; dataset: DatasetName; key: RecordKey; over: number; edit: Edit | null }>
  /** The pending edits of these keys, as they are at this place of the journal, go out under a number (leader only). */
  | Readonly<{ kind: 'batch'; dataset: DatasetName; number: number; keys: readonly RecordKey[] }>
  /** What the server answered for a dataset, or sent unasked (leader only). */
  | Readonly<{
      kind: 'answer'
      dataset: DatasetName
      batch: Readonly<{ number: number; outcome: BatchOutcome }> | null
      /** Whole: pages are put together before they are journaled. */
      changes: Changes | null
    }>
  /** These pending edits will never be accepted as they are; they wait for the app and are not sent (leader only). */
  | Readonly<{ kind: 'park'; dataset: DatasetName; keys: readonly RecordKey[]; code: ErrorCode; message: string }>
  /** Numbers batches from here on; the first one makes the store. */
  | Readonly<{ kind: 'device'; device: DeviceId }>
  /** What the server told at connect, so that limits and identity are known without a network. */
  | Readonly<{ kind: 'greeted'; identity: string; limits: Limits }>
  /** Everything a guest's store showed through a place of its own, taken over as edits that saw nothing of what is here; once per store. */
  | Readonly<{
      kind: 'adopt'
      store: string
      through: number
      datasets: readonly Readonly<{ dataset: DatasetName; edits: readonly Edit[] }>[]
    }>

/** Entries that were appended in one step, and are in the journal all or none. */
export type Group = readonly Entry[]

/** A group and its place: places rise by one. */
export type PlacedGroup = Readonly<{ place: number; group: Group }>
