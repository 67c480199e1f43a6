import type {
  DatasetName,
  DeviceId,
  ErrorCode,
  Limits,
  NumberedBatch,
  RecordKey,
  SyncCount,
  SyncRecord,
} from '@satchel/protocol'
import type { Edit, Group } from '../journal/entry.js'

/** Keys whose shown value changed. */
export type Shown = Readonly<{ dataset: DatasetName; keys: readonly RecordKey[] }>

/** An edit that the server has not accepted, and where it stands in the journal. */
export type Pending = Edit &
  Readonly<{
    /** Place of the group that wrote it last. */
    place: number
    /** Why it is not sent; null for one that is. */
    parked: Readonly<{ code: ErrorCode; message: string }> | null
  }>

/** A pending edit whose record was changed by somebody else since, to another value. */
export type Clash = Readonly<{ pending: Pending; remote: SyncRecord }>

/** What became of edits that had been pending, for those who wait for them. */
export type Settled = Readonly<{
  dataset: DatasetName
  key: RecordKey
  /** Places of the groups, from the first to the last, whose edits of the key this settles. */
  through: number
  as: 'accepted' | 'overruled' | Readonly<{ code: ErrorCode; message: string }>
}>

export type Applied = Readonly<{ shown: readonly Shown[]; settled: readonly Settled[] }>

/** What a tab knows of a dataset before it asks the server. */
export type DatasetStanding = Readonly<{ epoch: number; since: SyncCount }>

/** Reads of one dataset, as it is shown: with every edit of this device, saved or not. */
export interface DatasetReader {
  get(key: string): string | undefined
  entries(): [key: string, value: string][]
  readonly size: number
}

/** What a dataset holds, in bytes of UTF-8 of keys and values. */
export type Usage = Readonly<{ records: number; bytes: number }>

/** What the server told last; the limits of AWS and no identity before that. */
export type Greeting = Readonly<{ identity: string | null; limits: Limits }>

/** A guest's store was taken over at a place of the journal: what was in that store through a place of its own. */
export type Adoption = Readonly<{ store: string; through: number; place: number }>

/** Names the groups that are shown but not placed yet. */
export type Ticket = Readonly<{ group: Group }>

/**
 * The state that follows from a journal, in objects and an SQLite database in memory, which also answers every read.
 *
 * `apply` is a function of the state and the group alone: no clock, no chance, no tab. On top of it lies what this tab
 * has on its way into the journal, edits and the server's answers: shown at once, and gone from there when it is applied.
 * Only what is shown, and the base of an edit made on top of it, comes from there.
 */
export interface Replica {
  /** Place of the last group that was applied; 0 for none. */
  readonly place: number
  readonly device: DeviceId | null
  /** Number of the next batch. */
  readonly nextNumber: number
  readonly greeting: Greeting
  /** How a guest's store was taken over into this one; null for one that was not. */
  adoption(store: string): Adoption | null

  /** Shows a group's edits, and the records of its answers, before it has a place. */
  show(group: Group): Readonly<{ ticket: Ticket; shown: readonly Shown[] }>
  /** Takes back what was shown, because it could not be appended. */
  hide(ticket: Ticket): readonly Shown[]
  /** Applies the group at the place that follows; throws on any other. A ticket's own group comes with it. */
  apply(place: number, group: Group, ticket?: Ticket): Applied

  reader(dataset: DatasetName): DatasetReader
  /** The record's count as an edit made now sees it. */
  baseOf(dataset: DatasetName, key: RecordKey): SyncCount
  /** Datasets that were opened or hold something. */
  datasets(): readonly DatasetName[]
  standing(dataset: DatasetName): DatasetStanding
  /** Edits that are placed and neither parked, nor in flight, nor clashing: what a batch may take. */
  sendable(dataset: DatasetName): readonly Pending[]
  /** Every edit not yet accepted, unplaced ones and parked ones included; `sent` is in flight. */
  pending(dataset: DatasetName): readonly (Pending & Readonly<{ sent: boolean }>)[]
  clashes(dataset: DatasetName): readonly Clash[]
  /** The batch on its way, made of the edits as they were when its entry was placed; null for none. */
  flight(dataset: DatasetName): NumberedBatch | null
  /** As shown. */
  usage(dataset: DatasetName): Usage
  identityUsage(): Readonly<{ datasets: number; bytes: number }>

  /** Everything through `place`, without what is only shown; to be restored by any later version. */
  snapshot(): Uint8Array
  close(): void
}
