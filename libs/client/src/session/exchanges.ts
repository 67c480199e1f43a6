import type { BatchOutcome, Changed, DatasetName, DeviceId } from '@satchel/protocol'
import type { Entry, Group } from '../journal/entry.js'
import type { LocalStore } from '../local/local-store.js'
import type { Replica } from '../replica/replica.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { Batches } from './batches.js'
import { DatasetTurns } from './dataset-turns.js'
import type { DatasetWork, Hold } from './dataset-work.js'
import { hintEntries } from './hint-entries.js'
import { RoundTrips, type RoundTripsDeps } from './round-trips.js'

export type ExchangesDeps = Pick<RoundTripsDeps, 'line' | 'proceeds' | 'lost' | 'held'> &
  Readonly<{
    store: LocalStore
    term: number
    clock: Clock
    random: Random
    /** Edits were taken or turned down. */
    moved: () => void
    /** The journal has taken what the server said of these. */
    answered: (datasets: readonly DatasetName[]) => void
    /** Said after every round: whether there is nothing to do now. */
    progress: (idle: boolean) => void
  }>

/**
 * What is to be sent, fetched and journaled next for which dataset, one thing at a time for each (NE2), those that have something to
 * do at the same time in one message.
 */
export class Exchanges {
  readonly #replica: Replica
  readonly #turns: DatasetTurns
  readonly #batches: Batches
  readonly #trips: RoundTrips
  #needsDevice = false
  #pumping = false
  /** Datasets of groups on their way into the journal; looked at once they are applied. */
  readonly #joined = new Set<DatasetName>()
  #flushing = false

  constructor(private readonly deps: ExchangesDeps) {
    const replica = (this.#replica = deps.store.replica)
    const turns = (this.#turns = new DatasetTurns(replica))
    this.#batches = new Batches({
      replica,
      workOf: (dataset) => turns.workOf(dataset),
      open: () => deps.proceeds() && !this.#needsDevice && replica.device !== null,
      mayBatch: (work) => !work.pullFirst && work.notBeforeMs <= deps.clock.elapsed(),
    })
    this.#trips = new RoundTrips({
      ...deps,
      replica,
      turns,
      journal: (entries, datasets) => this.#journal(entries, datasets),
      numberUsed: () => (this.#needsDevice = true),
      goOn: () => this.pump(),
    })
  }

  /** A new connection: every dataset is asked for, and all that there is to do goes together. */
  begin(): void {
    this.#trips.first = true
    this.pullAll()
  }

  /** See {@link RoundTrips.end}. */
  end(): void {
    this.#trips.end()
  }

  look(dataset: DatasetName): void {
    this.#turns.ready.add(dataset)
  }

  lookAtAll(): void {
    this.#turns.lookAtAll()
  }

  pull(dataset: DatasetName): void {
    this.#turns.pull(dataset)
  }

  pullAll(): void {
    this.#turns.pullAll()
  }

  changed(hint: Changed): void {
    this.#turns.workOf(hint.dataset).hear(hint)
    this.look(hint.dataset)
    this.pump()
  }

  /** See {@link Batches.joining}. */
  joining(group: Group): Group {
    // The group before this one is applied by now, and its batch may go.
    this.pumpSoon()
    for (const entry of group) {
      if (!('dataset' in entry)) continue
      this.look(entry.dataset)
      this.#joined.add(entry.dataset)
    }
    void this.#onceFlushed()
    return this.#batches.joining(group)
  }

  /** Looks again when nothing is on its way into the journal: what is not there by then could not be appended. */
  async #onceFlushed(): Promise<void> {
    if (this.#flushing) return
    this.#flushing = true
    // The store asks for batches before the append begins, and counts as flushed until then.
    await Promise.resolve()
    await this.deps.store.flushed()
    this.#turns.joinedAll()
    for (const dataset of this.#joined) this.look(dataset)
    this.#joined.clear()
    this.#flushing = false
    this.pump()
  }

  /** Looks at what is ready, once for all that happens in this turn. */
  pumpSoon(): void {
    if (this.#pumping) return
    this.#pumping = true
    queueMicrotask(() => {
      this.#pumping = false
      this.pump()
    })
  }

  /** Appends what belongs to no exchange. */
  append(entries: readonly Entry[], done: () => void = () => {}): void {
    this.#turns.busy++
    this.deps.store
      .write(entries, this.deps.term)
      .catch((fault: unknown) => this.deps.lost(fault))
      .finally(() => {
        this.#turns.busy--
        for (const entry of entries) {
          if (!('dataset' in entry)) continue
          if (entry.kind === 'batch') this.#turns.workOf(entry.dataset).batching = null
          this.look(entry.dataset)
        }
        done()
        this.pump()
      })
  }

  newDevice(): Entry {
    this.#batches.restart()
    return { kind: 'device', device: this.deps.random.uuid() as DeviceId }
  }

  /** Sends and journals whatever may be sent and journaled now. */
  pump(): void {
    if (!this.deps.proceeds()) return
    if (this.#needsDevice) this.#renumber()
    const elapsedMs = this.deps.clock.elapsed()
    const { ready } = this.#turns
    const begun: Entry[] = []
    const due: DatasetName[] = []
    let joining = false
    for (const dataset of ready) {
      const work = this.#turns.workOf(dataset)
      if (work.hold !== null || work.notBeforeMs > elapsedMs || this.#journalHints(dataset, work)) continue
      const flies = this.#replica.flight(dataset) !== null
      if (flies) work.batching = null
      joining ||= work.batching !== null
      if (work.batching !== null) continue
      const batch = flies || this.#needsDevice ? null : this.#batches.of(dataset, work)
      if (batch !== null) begun.push(batch)
      else if (flies || work.pull) due.push(dataset)
      else ready.delete(dataset)
    }
    if (begun.length > 0) this.append(begun)
    if (!this.#trips.first || (begun.length === 0 && !joining)) this.#trips.send(due)
    this.deps.progress(this.#turns.idle)
  }

  /** Hints that continue what is held are journaled as they are; true while that is under way. */
  #journalHints(dataset: DatasetName, work: DatasetWork): boolean {
    const hints = work.takeHints()
    if (hints.length === 0) return false
    const { entries, ask } = hintEntries(dataset, this.#replica.standing(dataset), hints)
    if (ask) work.ask()
    if (entries.length === 0) return false
    void this.#journal(entries, [dataset])
    return true
  }

  /** Journals what was said of datasets, which are then free again. */
  async #journal(entries: readonly Entry[], datasets: readonly DatasetName[]): Promise<void> {
    if (entries.length === 0) return
    const hold: Hold = { onWire: false }
    this.#turns.occupy(datasets, hold)
    try {
      await this.deps.store.write(entries, this.deps.term)
      if (entries.some((entry) => entry.kind === 'park' || (entry.kind === 'answer' && isAccepted(entry.batch)))) {
        this.deps.moved()
      }
      this.deps.answered(datasets)
    } catch (fault) {
      this.deps.lost(fault)
    } finally {
      this.#turns.release(datasets, hold)
      this.pump()
    }
  }

  /** Another store sends under this device's id. Once nothing is under way any more, this one takes a new id (NE5). */
  #renumber(): void {
    if (this.#turns.busy > 0 || this.#replica.datasets().some((dataset) => this.#replica.flight(dataset) !== null))
      return
    this.append([this.newDevice()], () => {
      this.#needsDevice = false
      this.lookAtAll()
    })
  }
}

const isAccepted = (batch: Readonly<{ outcome: BatchOutcome }> | null): boolean => batch?.outcome.outcome === 'accepted'
