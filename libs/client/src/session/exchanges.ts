import {
  NEVER_SYNCED,
  type BatchOutcome,
  type Changed,
  type Changes,
  type DatasetAnswer,
  type DatasetExchange,
  type DatasetName,
  type DeviceId,
  type SyncAnswer,
} from '@satchel/protocol'
import type { Entry, Group } from '../journal/entry.js'
import type { LocalStore } from '../local/local-store.js'
import type { Replica } from '../replica/replica.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { ConnectionFault } from '../transport/transport.js'
import { allPages } from './all-pages.js'
import { AnswerJudge } from './answer-judge.js'
import { Batches } from './batches.js'
import { DatasetWork, type Hold } from './dataset-work.js'
import { hintEntries } from './hint-entries.js'
import type { Line } from './line.js'
import { packMessages } from './pack-messages.js'
import { verdictOn } from './verdict.js'

/** Messages that wait for their answers at a time. */
const EXCHANGES_MAX = 2

export type ExchangesDeps = Readonly<{
  store: LocalStore
  term: number
  line: Line
  clock: Clock
  random: Random
  /** True while requests may go out. */
  proceeds: () => boolean
  /** The connection, or the storage, does not go on. */
  lost: (fault: unknown) => void
  /** The server asks for a pause. */
  held: (fault: unknown) => void
  /** Edits were taken or turned down. */
  moved: () => void
  /** The journal has taken what the server said of these. */
  answered: (datasets: readonly DatasetName[]) => void
  /** Said after every round: whether there is nothing to do now. */
  progress: (idle: boolean) => void
}>

/**
 * The datasets' turns on the line: what is to be sent and fetched for which, one thing at a time for each (NE2), those that
 * have something to do at the same time in one message.
 */
export class Exchanges {
  private readonly replica: Replica
  private readonly batches: Batches
  private readonly judge: AnswerJudge
  private readonly works = new Map<DatasetName, DatasetWork>()
  /** Datasets that may have something to do. */
  private readonly ready = new Set<DatasetName>()
  /** Rises with every connection, so that what belongs to an earlier one is recognised. */
  private turn = 0
  private onWire = 0
  private busy = 0
  /** Nothing was sent on this connection yet; all that there is to do then goes together. */
  private first = false
  private needsDevice = false
  private pumping = false
  /** Datasets of groups on their way into the journal; looked at once they are applied. */
  private readonly joined = new Set<DatasetName>()
  private flushing = false

  constructor(private readonly deps: ExchangesDeps) {
    this.replica = deps.store.replica
    this.batches = new Batches({
      replica: this.replica,
      workOf: (dataset) => this.workOf(dataset),
      open: () => deps.proceeds() && !this.needsDevice && this.replica.device !== null,
      mayBatch: (work) => !work.pullFirst && work.notBeforeMs <= deps.clock.elapsed(),
    })
    this.judge = new AnswerJudge({
      ...deps,
      replica: this.replica,
      workOf: (dataset) => this.workOf(dataset),
      numberUsed: () => (this.needsDevice = true),
      goOn: () => this.pump(),
    })
  }

  /** A new connection: every dataset is asked for. */
  begin(): void {
    this.first = true
    this.pullAll()
  }

  /** The connection is gone, and with it what was on the wire. What is on its way into the journal stays. */
  end(): void {
    this.turn++
    this.onWire = 0
    this.judge.end()
    for (const [dataset, { hold }] of this.works) if (hold?.onWire === true) this.release(dataset, hold)
  }

  look(dataset: DatasetName): void {
    this.ready.add(dataset)
  }

  lookAtAll(): void {
    for (const dataset of this.replica.datasets()) this.ready.add(dataset)
  }

  pull(dataset: DatasetName): void {
    this.workOf(dataset).ask()
    this.ready.add(dataset)
  }

  pullAll(): void {
    for (const dataset of this.replica.datasets()) this.pull(dataset)
  }

  changed(hint: Changed): void {
    this.workOf(hint.dataset).hear(hint)
    this.ready.add(hint.dataset)
    this.pump()
  }

  /** See {@link Batches.joining}. */
  joining(group: Group): Group {
    // The group before this one is applied by now, and its batch may go.
    this.pumpSoon()
    for (const entry of group) {
      if (!('dataset' in entry)) continue
      this.ready.add(entry.dataset)
      this.joined.add(entry.dataset)
    }
    void this.onceFlushed()
    return this.batches.joining(group)
  }

  /** Looks again when nothing is on its way into the journal: what is not there by then could not be appended. */
  private async onceFlushed(): Promise<void> {
    if (this.flushing) return
    this.flushing = true
    // The store asks for batches before the append begins, and counts as flushed until then.
    await Promise.resolve()
    await this.deps.store.flushed()
    for (const work of this.works.values()) if (work.batching === 'joined') work.batching = null
    for (const dataset of this.joined) this.ready.add(dataset)
    this.joined.clear()
    this.flushing = false
    this.pump()
  }

  /** Looks at what is ready, once for all that happens in this turn. */
  pumpSoon(): void {
    if (this.pumping) return
    this.pumping = true
    queueMicrotask(() => {
      this.pumping = false
      this.pump()
    })
  }

  /** Appends what belongs to no exchange. */
  append(entries: readonly Entry[], done: () => void = () => {}): void {
    this.busy++
    this.deps.store
      .write(entries, this.deps.term)
      .catch((fault: unknown) => this.deps.lost(fault))
      .finally(() => {
        this.busy--
        for (const entry of entries) {
          if (!('dataset' in entry)) continue
          if (entry.kind === 'batch') this.workOf(entry.dataset).batching = null
          this.ready.add(entry.dataset)
        }
        done()
        this.pump()
      })
  }

  newDevice(): Entry {
    this.batches.restart()
    return { kind: 'device', device: this.deps.random.uuid() as DeviceId }
  }

  /** Sends and journals whatever may be sent and journaled now. */
  pump(): void {
    if (!this.deps.proceeds()) return
    if (this.needsDevice) this.renumber()
    const elapsedMs = this.deps.clock.elapsed()
    const begun: Entry[] = []
    const due: DatasetName[] = []
    let joining = false
    for (const dataset of this.ready) {
      const work = this.workOf(dataset)
      if (work.hold !== null || work.notBeforeMs > elapsedMs || this.journalHints(dataset, work)) continue
      const flies = this.replica.flight(dataset) !== null
      if (flies) work.batching = null
      joining ||= work.batching !== null
      if (work.batching !== null) continue
      const batch = flies || this.needsDevice ? null : this.batches.of(dataset, work)
      if (batch !== null) begun.push(batch)
      else if (flies || work.pull) due.push(dataset)
      else this.ready.delete(dataset)
    }
    if (begun.length > 0) this.append(begun)
    if (!this.first || (begun.length === 0 && !joining)) this.send(due)
    this.deps.progress(this.ready.size === 0 && this.busy === 0)
  }

  private send(due: readonly DatasetName[]): void {
    const facts = due.map((dataset) => ({
      dataset,
      flight: this.replica.flight(dataset),
      alone: this.workOf(dataset).alone,
    }))
    for (const message of packMessages(facts)) {
      if (this.onWire >= EXCHANGES_MAX) return
      this.first = false
      void this.exchange(message)
    }
  }

  private async exchange(datasets: readonly DatasetName[]): Promise<void> {
    const { turn } = this
    const hold: Hold = { onWire: true }
    this.onWire++
    const asked = datasets.map((dataset) => this.asked(dataset))
    for (const dataset of datasets) this.occupy(dataset, hold)
    try {
      const answer = await this.deps.line.sync({ device: this.replica.device!, datasets: asked })
      if (turn === this.turn) await this.answered(asked, answer, turn)
    } catch (fault) {
      if (turn === this.turn) this.failed(asked, fault)
    } finally {
      if (turn === this.turn) this.onWire--
      for (const dataset of datasets) this.release(dataset, hold)
      this.pump()
    }
  }

  private asked(dataset: DatasetName): DatasetExchange {
    const work = this.workOf(dataset)
    work.pull = false
    const { epoch, since } = work.whole ? NOTHING : this.replica.standing(dataset)
    return { dataset, epoch, since, page: null, batch: this.replica.flight(dataset) }
  }

  private async answered(asked: readonly DatasetExchange[], answer: SyncAnswer, turn: number): Promise<void> {
    const entries: Entry[] = []
    const complete: DatasetName[] = []
    const paged: (readonly [DatasetExchange, DatasetAnswer, Changes])[] = []
    for (const [index, one] of asked.entries()) {
      const got = answer.datasets[index]
      if (got?.dataset !== one.dataset || (got.batch === null) !== (one.batch === null)) {
        throw new ConnectionFault('not-satchel', 'the answer to "sync" does not fit what was asked')
      }
      if (got.changes !== null && got.changes.next !== null) paged.push([one, got, got.changes])
      else {
        complete.push(one.dataset)
        entries.push(...this.judge.entriesOf(one, got.batch, got.changes))
      }
    }
    await this.journal(entries, complete)
    for (const [one, got, begun] of paged) {
      if (turn !== this.turn) return
      const { line, proceeds } = this.deps
      const changes = await allPages(begun, { asked: one, device: this.replica.device!, line, proceeds })
      if (turn === this.turn) await this.journal(this.judge.entriesOf(one, got.batch, changes), [one.dataset])
    }
  }

  private failed(asked: readonly DatasetExchange[], fault: unknown): void {
    for (const { dataset } of asked) this.workOf(dataset).ask()
    const verdict = verdictOn(fault)
    if (verdict === 'pause') this.deps.held(fault)
    else if (verdict !== 'message') this.deps.lost(fault)
    else {
      const entries = this.judge.messageRefused(asked, fault as ConnectionFault)
      const datasets = entries.length === 0 ? [] : asked.map(({ dataset }) => dataset)
      void this.journal(entries, datasets)
    }
  }

  /** Hints that continue what is held are journaled as they are; true while that is under way. */
  private journalHints(dataset: DatasetName, work: DatasetWork): boolean {
    const hints = work.takeHints()
    if (hints.length === 0) return false
    const { entries, ask } = hintEntries(dataset, this.replica.standing(dataset), hints)
    if (ask) work.ask()
    if (entries.length === 0) return false
    void this.journal(entries, [dataset])
    return true
  }

  /** Journals what was said of datasets, which are then free again. */
  private async journal(entries: readonly Entry[], datasets: readonly DatasetName[]): Promise<void> {
    if (entries.length === 0) return
    const hold: Hold = { onWire: false }
    for (const dataset of datasets) this.occupy(dataset, hold)
    try {
      await this.deps.store.write(entries, this.deps.term)
      if (entries.some((entry) => entry.kind === 'park' || (entry.kind === 'answer' && isAccepted(entry.batch)))) {
        this.deps.moved()
      }
      this.deps.answered(datasets)
    } catch (fault) {
      this.deps.lost(fault)
    } finally {
      for (const dataset of datasets) this.release(dataset, hold)
      this.pump()
    }
  }

  /** Another store sends under this device's id. Once nothing is under way any more, this one takes a new id (NE5). */
  private renumber(): void {
    if (this.busy > 0 || this.replica.datasets().some((dataset) => this.replica.flight(dataset) !== null)) return
    this.append([this.newDevice()], () => {
      this.needsDevice = false
      this.lookAtAll()
    })
  }

  private occupy(dataset: DatasetName, hold: Hold): void {
    const work = this.workOf(dataset)
    if (work.hold === null) this.busy++
    work.hold = hold
    this.ready.delete(dataset)
  }

  private release(dataset: DatasetName, hold: Hold): void {
    const work = this.workOf(dataset)
    if (work.hold !== hold) return
    work.hold = null
    this.busy--
    this.ready.add(dataset)
  }

  private workOf(dataset: DatasetName): DatasetWork {
    let work = this.works.get(dataset)
    if (work === undefined) {
      work = new DatasetWork()
      // What the server never told anything about is to be asked for.
      work.pull = this.replica.standing(dataset).epoch === 0
      this.works.set(dataset, work)
    }
    return work
  }
}

const NOTHING = { epoch: 0, since: NEVER_SYNCED } as const

const isAccepted = (batch: Readonly<{ outcome: BatchOutcome }> | null): boolean => batch?.outcome.outcome === 'accepted'
