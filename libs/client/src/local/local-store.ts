import type { Group } from '../journal/entry.js'
import type { Applied, Replica } from '../replica/replica.js'

/** Whose doing a change was. */
export type ChangeSource = 'here' | 'tab' | 'server'

export type StoreListener = Readonly<{
  /** After every change of what is shown or settled, in the order of the journal; never inside of a write. */
  applied(applied: Applied, by: ChangeSource): void
}>

/**
 * The leader's part in every append: it may add entries to a group that is about to be appended, so that an edit and the
 * batch in which it goes out are one step.
 */
export type Companion = Readonly<{
  term: number
  /** What to add to this group; called with the group, synchronously. */
  entries(group: Group): Group
  /** A later leader has begun. The group was appended without what was added; the companion is not asked again. */
  fenced(): void
}>

/** A journal and the replica that follows from it, kept together in one tab. */
export interface LocalStore {
  readonly replica: Replica
  /**
   * Shows the group's edits and answers before it returns; resolves to the group's place once it is durable and applied. What is written while an
   * append is under way goes into the next one together. With a term it is the leader's (see `Journal.append`).
   */
  write(group: Group, term?: number): Promise<number>
  /** null ends it. */
  accompany(companion: Companion | null): void
  listen(listener: StoreListener): () => void
  /** Resolves when nothing is on its way into the journal. */
  flushed(): Promise<void>
  /** Why the storage cannot be written to at present; null when it can. */
  readonly trouble: string | null
  takeTerm(): Promise<number>
  /** Puts a snapshot in the stead of old groups, if the journal has grown enough. The leader's. */
  compactIfDue(term: number): Promise<void>
  close(): Promise<void>
}
