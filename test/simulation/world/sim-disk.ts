import type { Group, PlacedGroup } from '../../../libs/client/src/journal/entry.js'
import { JournalFault, type Journal, type Recovered } from '../../../libs/client/src/journal/journal.js'
import type { Chance } from './chance.js'
import type { Life } from './life.js'
import type { VirtualTime } from './virtual-time.js'

/** What can be wrong with a disk. Probabilities are per call. */
export type DiskFaults = {
  latencyMsMax: number
  /** A call fails and did nothing. */
  unavailable: number
  /** A call fails, and yet the group is kept. */
  keptAndFailed: number
  full: boolean
  /** How much larger the journal says it has grown than it has, so that snapshots are taken in a short life. */
  exaggeration: number
}

export const soundDisk = (): DiskFaults => ({
  latencyMsMax: 5,
  unavailable: 0,
  keptAndFailed: 0,
  full: false,
  exaggeration: 1,
})

/** Is told what a store keeps, whether or not anybody was told so. */
export type DiskWatch = Readonly<{
  kept(placed: PlacedGroup): void
  compacted(snapshot: Snapshot): void
  refusedAsFull(): void
}>

type Snapshot = Readonly<{ through: number; bytes: Uint8Array }>

type Transaction = {
  readonly life: Life
  readonly work: () => void
  readonly ack: () => void
  state: 'waiting' | 'done' | 'dropped'
}

type Stored = {
  groups: PlacedGroup[]
  snapshot: Snapshot | null
  place: number
  term: number
  grown: number
}

const emptyStore = (): Stored => ({ groups: [], snapshot: null, place: 0, term: 0, grown: 0 })

/**
 * A device's storage, as all of its tabs see it: transactions one after the other, durable when acknowledged. What a crash
 * finds under way is kept up to some point of the line, and was never acknowledged.
 */
export class SimDisk {
  stored = emptyStore()
  /** Rises with every eviction; who opened the store before is told that it is lost. */
  generation = 0
  private line: Transaction[] = []
  private busyUntil = 0

  constructor(
    readonly time: VirtualTime,
    readonly chance: Chance,
    /** One for all stores of a device. */
    readonly faults: DiskFaults,
    readonly watch: DiskWatch,
  ) {}

  /** Whether something of these tabs is under way. */
  isBusy(lives: ReadonlySet<Life>): boolean {
    return this.line.some(({ life, state }) => lives.has(life) && state === 'waiting')
  }

  /** Does `work` in its turn, as one durable step, and tells the tab. */
  transact<T>(life: Life, work: () => T): Promise<T> {
    if (life.isOver) return new Promise(() => {})
    return new Promise<T>((resolve, reject) => {
      let settle = () => {}
      const transaction: Transaction = {
        life,
        state: 'waiting',
        work: () => {
          try {
            const result = work()
            settle = () => resolve(result)
          } catch (fault) {
            settle = () => reject(fault instanceof Error ? fault : new Error(String(fault)))
          }
        },
        ack: () => life.run(() => settle()),
      }
      this.line.push(transaction)
      this.busyUntil = Math.max(this.busyUntil, this.time.now) + this.chance.next() * this.faults.latencyMsMax
      this.time.after(this.busyUntil - this.time.now, () => this.finish(transaction))
    })
  }

  /** Tabs have died: what they asked for is kept up to a point, and nobody is told. */
  drop(lives: ReadonlySet<Life>): number {
    let kept = 0
    let keeping = true
    for (const transaction of this.line) {
      if (!lives.has(transaction.life) || transaction.state !== 'waiting') continue
      keeping = keeping && this.chance.hit(0.5)
      if (keeping) {
        transaction.work()
        kept++
      }
      transaction.state = keeping ? 'done' : 'dropped'
    }
    return kept
  }

  evict(): void {
    this.stored = emptyStore()
    this.generation++
  }

  private finish(transaction: Transaction): void {
    this.line = this.line.filter((other) => other !== transaction)
    if (transaction.state !== 'waiting') return
    transaction.state = 'done'
    transaction.work()
    this.time.after(this.chance.next(), transaction.ack)
  }
}

/** One tab's connection to its device's disk. */
export class SimJournal implements Journal {
  private generation: number
  private closed = false

  constructor(
    private readonly disk: SimDisk,
    private readonly life: Life,
  ) {
    this.generation = disk.generation
  }

  get grown(): number {
    return this.disk.stored.grown * this.disk.faults.exaggeration
  }

  recover(): Promise<Recovered> {
    return this.disk.transact(this.life, () => {
      const { snapshot, groups } = this.disk.stored
      this.generation = this.disk.generation
      return { snapshot, groups: [...groups], damage: null }
    })
  }

  async append(group: Group, term: number | null): Promise<number> {
    const { chance, faults } = this.disk
    const kept = structuredClone(group)
    const fails = chance.hit(faults.unavailable)
    const failsLate = chance.hit(faults.keptAndFailed)
    const place = await this.transact((stored) => {
      if (fails) throw new JournalFault('unavailable', 'the simulated disk failed')
      if (faults.full) {
        this.disk.watch.refusedAsFull()
        throw new JournalFault('full', 'the simulated disk is full')
      }
      this.fence(stored, term)
      stored.place++
      stored.groups.push({ place: stored.place, group: kept })
      this.disk.watch.kept({ place: stored.place, group: kept })
      stored.grown += JSON.stringify(kept).length
      return stored.place
    })
    if (failsLate) throw new JournalFault('unavailable', 'the simulated disk kept a group and failed')
    return place
  }

  readAfter(place: number): Promise<readonly PlacedGroup[]> {
    return this.transact(({ groups, snapshot }) => {
      if (snapshot !== null && place < snapshot.through) {
        throw new JournalFault('unavailable', `groups behind ${place} were replaced by a snapshot`)
      }
      return groups.filter((group) => group.place > place)
    })
  }

  compact(snapshot: Snapshot, term: number | null): Promise<void> {
    return this.transact((stored) => {
      this.fence(stored, term)
      if (this.disk.faults.full) throw new JournalFault('full', 'the simulated disk is full')
      if (snapshot.through > stored.place) throw new Error(`a snapshot through ${snapshot.through} of ${stored.place}`)
      if (stored.snapshot !== null && stored.snapshot.through >= snapshot.through) return
      this.disk.watch.compacted(snapshot)
      stored.snapshot = { through: snapshot.through, bytes: snapshot.bytes.slice() }
      stored.groups = stored.groups.filter(({ place }) => place > snapshot.through)
      stored.grown = stored.groups.reduce((sum, { group }) => sum + JSON.stringify(group).length, 0)
    })
  }

  begin(snapshot: Snapshot, after = 0): Promise<boolean> {
    return this.transact((stored) => {
      if (this.disk.faults.full) throw new JournalFault('full', 'the simulated disk is full')
      if (stored.place !== after || (after === 0 && stored.snapshot !== null)) return false
      this.disk.watch.compacted(snapshot)
      stored.groups = []
      stored.grown = 0
      stored.snapshot = { through: snapshot.through, bytes: snapshot.bytes.slice() }
      stored.place = snapshot.through
      return true
    })
  }

  takeTerm(): Promise<number> {
    return this.transact((stored) => ++stored.term)
  }

  close(): Promise<void> {
    this.closed = true
    return Promise.resolve()
  }

  private fence(stored: Stored, term: number | null): void {
    if (term !== null && term !== stored.term) {
      throw new JournalFault('fenced', `the journal is at term ${stored.term}, this is ${term}`)
    }
  }

  private transact<T>(work: (stored: Stored) => T): Promise<T> {
    if (this.closed) return Promise.reject(new JournalFault('unavailable', 'the journal is closed'))
    return this.disk.transact(this.life, () => {
      if (this.generation !== this.disk.generation) throw new JournalFault('lost', 'the simulated store was evicted')
      return work(this.disk.stored)
    })
  }
}
