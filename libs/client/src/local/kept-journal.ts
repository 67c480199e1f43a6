import type { SqlJsStatic } from 'sql.js'
import type { Group, PlacedGroup } from '../journal/entry.js'
import { JournalFault, type Journal, type JournalFaultKind, type Recovered } from '../journal/journal.js'
import type { SqlReplica } from '../replica/sql-replica.js'
import type { Arrivals } from './arrivals.js'
import type { Notices } from './notices.js'
import { openedReplica } from './opened-replica.js'

const COMPACTED_FROM_BYTES = 1_048_576
const COMPACTED_FROM_SNAPSHOTS = 4

export const isFault = (fault: unknown, kind: JournalFaultKind): fault is JournalFault =>
  fault instanceof JournalFault && fault.kind === kind

/**
 * A journal and the replica that follows from it, kept in step: what was missed is read, what was compacted away is taken
 * from the snapshot, and a journal that is lost is written anew from the replica (ND17, ND18). Calls that change the
 * journal are made one after the other; `compact` may run beside them.
 */
export class KeptJournal {
  #compacting = false
  /** The stored journal is gone and not written anew yet, so that nothing may be appended to it. */
  #isLost = false

  constructor(
    private readonly deps: Readonly<{
      journal: Journal
      sql: SqlJsStatic
      replica: SqlReplica
      arrivals: Arrivals
      notices: Notices
      onFault: (fault: Error) => void
      /** Whether a store that is gone is to be written anew; where this is left out it is. */
      isWanted?: () => Promise<boolean>
    }>,
    /** What a place of the journal lacks to be the replica's: not 0 once a lost journal was written anew. */
    private offset: number,
    private snapshotBytes: number,
  ) {}

  append(group: Group, term: number | null): Promise<PlacedGroup> {
    return this.#repairing(async () => ({ place: await this.deps.journal.append(group, term), group }))
  }

  takeTerm(): Promise<number> {
    return this.#repairing(() => this.deps.journal.takeTerm())
  }

  /** The place by which the replica knows a place of the journal; 0, where nothing new is, for one of a journal that is gone. */
  known({ place }: PlacedGroup): number {
    return this.#isLost ? 0 : place + this.offset
  }

  /** Applies what other tabs appended and nobody told. */
  async catchUp(): Promise<void> {
    const { journal, arrivals } = this.deps
    const { last } = arrivals
    try {
      const groups = await this.#repairing(() => journal.readAfter(this.#reached))
      for (const placed of groups) arrivals.take({ place: this.known(placed), group: placed.group, own: null })
      // What was told of and is not in the journal is nowhere.
      arrivals.forget(last)
    } catch (fault) {
      if (!isFault(fault, 'unavailable')) throw fault
      // A leader may have put a snapshot in the stead of what this tab slept through.
      const recovered = await journal.recover()
      if ((recovered.snapshot?.through ?? 0) <= this.#reached) throw fault
      this.#takeOver(recovered)
    }
  }

  get isCompactionDue(): boolean {
    const dueBytes = Math.max(COMPACTED_FROM_BYTES, COMPACTED_FROM_SNAPSHOTS * this.snapshotBytes)
    return !this.#compacting && !this.#isLost && this.deps.journal.grown > dueBytes
  }

  async compact(term: number | null): Promise<void> {
    this.#compacting = true
    try {
      const bytes = this.deps.replica.snapshot()
      await this.deps.journal.compact({ through: this.#reached, bytes }, term)
      this.snapshotBytes = bytes.length
    } finally {
      this.#compacting = false
    }
  }

  close(): Promise<void> {
    return this.deps.journal.close()
  }

  /** The place of the journal through which the replica has applied it. */
  get #reached(): number {
    return this.deps.replica.place - this.offset
  }

  async #repairing<T>(act: () => Promise<T>): Promise<T> {
    if (this.#isLost) await this.#rewrite()
    try {
      return await act()
    } catch (fault) {
      if (!isFault(fault, 'lost')) throw fault
      await this.#rewrite()
      return act()
    }
  }

  /** The stored journal is gone, and what this tab has in memory is all there is. */
  async #rewrite(): Promise<void> {
    const { journal, arrivals, replica, onFault, isWanted } = this.deps
    this.#isLost = true
    // Asked before anything is touched: opening a journal that is gone makes an empty one.
    if (isWanted !== undefined && !(await isWanted())) {
      throw new JournalFault('lost', 'the store was removed from this device')
    }
    const recovered = await this.#begun()
    // Another tab may have been first, with at least as much.
    if (recovered !== null && (recovered.snapshot === null || !this.#takeOver(recovered))) {
      const place = await journal.append([], null)
      arrivals.forget(arrivals.last)
      this.offset = replica.place + 1 - place
      arrivals.take({ place: replica.place + 1, group: [], own: null })
      await this.compact(null)
    }
    this.#isLost = false
    onFault(new JournalFault('lost', 'the stored journal was gone, and was written anew from memory'))
  }

  /** Begins an empty journal with what is known here, and then is null; else what the journal holds. Of several tabs one begins. */
  async #begun(): Promise<Recovered | null> {
    const { journal, arrivals, replica } = this.deps
    for (;;) {
      const recovered = await journal.recover()
      if (recovered.snapshot !== null || recovered.groups.length > 0) return recovered
      arrivals.forget(arrivals.last)
      const bytes = replica.snapshot()
      if (!(await journal.begin({ through: replica.place, bytes }))) continue
      this.offset = 0
      this.snapshotBytes = bytes.length
      return null
    }
  }

  /** Takes over what the journal holds now; false, and nothing done, if that is less than what is known here. */
  #takeOver(recovered: Recovered): boolean {
    const { sql, replica, arrivals, notices } = this.deps
    const stored = openedReplica(sql, recovered)
    const isMore = stored.replica.place >= replica.place
    if (isMore) {
      this.offset = stored.offset
      notices.tell(replica.become(stored.replica.snapshot()), 'tab')
      arrivals.forget(replica.place)
    }
    stored.replica.close()
    return isMore
  }
}
