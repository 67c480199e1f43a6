import type { SqlJsStatic } from 'sql.js'
import type { Group, PlacedGroup } from '../journal/entry.js'
import { JournalFault, type Journal, type JournalFaultKind, type Recovered } from '../journal/journal.js'
import type { SqlReplica } from '../replica/sql-replica.js'
import type { Random } from '../runtime/random.js'
import type { Arrivals } from './arrivals.js'
import { foundBeside, isContinued } from './found-beside.js'
import type { Notices } from './notices.js'
import { openedReplica, type Opened } from './opened-replica.js'

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
      random: Random
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
      const stored = openedReplica(this.deps.sql, recovered)
      this.#takeOver(stored)
      stored.replica.close()
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

  /** The stored journal is gone, and what this tab has in memory is all there is of it. */
  async #rewrite(): Promise<void> {
    const { journal, onFault, isWanted } = this.deps
    this.#isLost = true
    // Asked before anything is touched: opening a journal that is gone makes an empty one.
    if ((await isWanted?.()) === false) {
      throw new JournalFault('lost', 'the store was removed from this device')
    }
    while (!(await this.#wentOnIn(await journal.recover())));
    this.#isLost = false
    onFault(new JournalFault('lost', 'the stored journal was gone, and was written anew'))
  }

  /**
   * Goes on in what is stored since the journal was lost. False, to be looked at again, where another tab has put something there
   * meanwhile: nothing that anybody appended is dropped (NC24).
   */
  async #wentOnIn(recovered: Recovered): Promise<boolean> {
    const { sql, journal, replica, arrivals, random } = this.deps
    const stored = openedReplica(sql, recovered)
    const { replica: found } = stored
    try {
      const through = recovered.snapshot?.through ?? 0
      const last = recovered.groups.at(-1)?.place ?? through
      const continues = isContinued(replica, found)
      if (continues && found.place >= replica.place) {
        this.#takeOver(stored)
        return true
      }
      arrivals.forget(arrivals.last)
      // Tabs that have got further there know what they wrote by its place, so nothing of it may stand before that.
      while (replica.place < Math.max(last, found.place)) this.#place([])
      if (last > 0) this.#place(foundBeside(replica, found, continues ? through + stored.offset : 0, random))
      const bytes = replica.snapshot()
      if (!(await journal.begin({ through: replica.place, bytes }, last))) return false
      this.offset = 0
      this.snapshotBytes = bytes.length
      return true
    } finally {
      found.close()
    }
  }

  /** Applies what is in no journal yet. */
  #place(group: Group): void {
    const { replica, arrivals } = this.deps
    arrivals.take({ place: replica.place + 1, group, own: null })
  }

  #takeOver({ replica: stored, offset }: Opened): void {
    const { replica, arrivals, notices } = this.deps
    this.offset = offset
    notices.tell(replica.become(stored.snapshot()), 'tab')
    arrivals.forget(replica.place)
  }
}
