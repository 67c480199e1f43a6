import type { Group, PlacedGroup } from './entry.js'

/** What a journal holds when it is opened. */
export type Recovered = Readonly<{
  /** The newest snapshot that can be read, with the place up to which it speaks for the groups; null for none. */
  snapshot: Readonly<{ through: number; bytes: Uint8Array }> | null
  /** Every group after the snapshot, in order of place, without a gap. */
  groups: readonly PlacedGroup[]
  /**
   * In words, what was found broken and what was done about it; null if nothing was. A torn last group is no
   * damage: it was never acknowledged, and is dropped.
   */
  damage: string | null
}>

/**
 * The truth of one local store: groups of entries in one order, shared by every tab that has it open. Every adapter
 * runs the suite in `journal.contract.ts`.
 */
export interface Journal {
  /** Reads what is there; to be called once, first. Rejects with a `JournalFault` and touches nothing when it cannot. */
  recover(): Promise<Recovered>

  /**
   * Appends a group; resolves to its place once it is durable. With a `term` it is appended only while no later term
   * has been taken, else rejects with a `JournalFault` of kind `fenced` and nothing is written.
   */
  append(group: Group, term: number | null): Promise<number>

  /** Groups behind a place, which another tab may have appended. Groups that a snapshot replaced cannot be asked for. */
  readAfter(place: number): Promise<readonly PlacedGroup[]>

  /**
   * Puts a snapshot of everything through a place in the stead of those groups. Dying half-way leaves either the
   * groups or the snapshot readable. Fenced like {@link append}.
   */
  compact(snapshot: Readonly<{ through: number; bytes: Uint8Array }>, term: number | null): Promise<void>

  /**
   * Puts a snapshot in the stead of all that a journal holds, whose last place is `after`: 0, or nothing said, for one that holds
   * nothing. Its places go on behind the snapshot's, which lies further. Resolves to false, with nothing done, where the journal
   * holds anything else by then: of several tabs that begin at once one does, and what others append meanwhile stays.
   */
  begin(snapshot: Readonly<{ through: number; bytes: Uint8Array }>, after?: number): Promise<boolean>

  /** Begins a new term of leadership, durably; whoever holds an earlier one is fenced from now on. */
  takeTerm(): Promise<number>

  /** Bytes of groups since the last snapshot, roughly; what to judge by whether compaction is due. */
  readonly grown: number

  /** Lets go of files, connections and locks. Nothing may be called afterwards. */
  close(): Promise<void>
}

export type JournalFaultKind =
  /** A later leader has begun; this one must stop. */
  | 'fenced'
  /** Written by a newer version of this code. Nothing was touched. */
  | 'newer-format'
  /** Another process has the directory. */
  | 'in-use'
  /** No room; nothing of the group was written. */
  | 'full'
  /** The storage cannot be used now; what was asked for was not done, as far as is known. */
  | 'unavailable'
  /** The stored journal is gone, as when a browser evicted it. */
  | 'lost'

/** Why a journal did not do what it was asked; the message names the store and the facts. */
export class JournalFault extends Error {
  constructor(
    readonly kind: JournalFaultKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'JournalFault'
  }
}
