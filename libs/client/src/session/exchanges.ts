import {
  byteSize,
  DATASETS_PER_MESSAGE_MAX,
  errorCodes,
  PATCHES_PER_BATCH_MAX,
  type BatchOutcome,
  type Changed,
  type Changes,
  type DatasetAnswer,
  type DatasetExchange,
  type DatasetName,
  type DeviceId,
  type ErrorCode,
  type NumberedBatch,
  type RecordKey,
  type SyncAnswer,
} from '@satchel/protocol'
import type { Entry, Group } from '../journal/entry.js'
import type { LocalStore } from '../local/local-store.js'
import type { Replica } from '../replica/replica.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { ConnectionFault } from '../transport/transport.js'
import { backOffMs } from './back-off.js'
import { Batches } from './batches.js'
import { DatasetWork, type Hold } from './dataset-work.js'
import { hintEntries } from './hint-entries.js'
import type { Line } from './line.js'
import { BATCH_BYTES_MAX } from './pick-patches.js'
import { verdictOn } from './verdict.js'

/** Messages that wait for their answers at a time. */
const EXCHANGES_MAX = 2

/** Pages of one answer; a listing that needs more is asked for anew. */
const PAGES_MAX = 1_000

/** Conflicts in a row after which a dataset waits a little, and asks for everything. */
const FRUITLESS_MAX = 5

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
  private cancelRetry: () => void = () => {}

  constructor(private readonly deps: ExchangesDeps) {
    this.replica = deps.store.replica
    this.batches = new Batches({
      replica: this.replica,
      workOf: (dataset) => this.workOf(dataset),
      open: () => deps.proceeds() && !this.needsDevice && this.replica.device !== null,
      mayBatch: (work) => !work.pullFirst && work.notBeforeMs <= deps.clock.elapsed(),
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
    this.cancelRetry()
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
    for (const message of this.messagesOf(due)) {
      if (this.onWire >= EXCHANGES_MAX) return
      this.first = false
      void this.exchange(message)
    }
  }

  /** Datasets that go together in one message, bounded in number and bytes. */
  private messagesOf(due: readonly DatasetName[]): DatasetName[][] {
    const messages: DatasetName[][] = []
    let bytes = BATCH_BYTES_MAX
    for (const dataset of due) {
      const more = sizeOf(this.replica.flight(dataset))
      const open = messages.at(-1)
      if (
        open === undefined ||
        open.length >= DATASETS_PER_MESSAGE_MAX ||
        bytes + more > BATCH_BYTES_MAX ||
        this.workOf(dataset).alone
      ) {
        messages.push([dataset])
        bytes = this.workOf(dataset).alone ? BATCH_BYTES_MAX + 1 : more
      } else {
        open.push(dataset)
        bytes += more
      }
    }
    return messages
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
    return { dataset, epoch, since, page: null, batch: this.replica.flight(dataset) } as DatasetExchange
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
        entries.push(...this.entriesOf(one, got.batch, got.changes))
      }
    }
    await this.journal(entries, complete)
    for (const [one, got, begun] of paged) {
      if (turn !== this.turn) return
      const changes = await this.allPages(one, begun)
      if (turn === this.turn) await this.journal(this.entriesOf(one, got.batch, changes), [one.dataset])
    }
  }

  /** Puts pages together, so that a dataset moves on whole (NE6); null where they are to be asked for from the beginning. */
  private async allPages(asked: DatasetExchange, begun: Changes): Promise<Changes | null> {
    const records = [...begun.records]
    let last = begun
    for (let pages = 1; last.next !== null; pages++) {
      if (pages >= PAGES_MAX || !this.deps.proceeds()) return null
      try {
        const further = { ...asked, page: last.next, batch: null }
        const answer = await this.deps.line.sync({ device: this.replica.device!, datasets: [further] })
        const next = answer.datasets[0]?.changes ?? null
        if (next === null || next.epoch !== begun.epoch || next.snapshot !== begun.snapshot) return null
        for (const record of next.records) records.push(record)
        last = next
      } catch (fault) {
        if (verdictOn(fault) !== 'message') throw fault
        return null
      }
    }
    return { ...last, records }
  }

  /** What an answer for one dataset puts into the journal, and what is to be done next. */
  private entriesOf(
    { dataset, batch }: DatasetExchange,
    outcome: BatchOutcome | null,
    changes: Changes | null,
  ): Entry[] {
    const work = this.workOf(dataset)
    work.alone = false
    work.pullFirst = changes === null
    if (changes === null) work.ask()
    else work.whole = false
    const sent = batch !== null && outcome !== null ? { number: batch.number, outcome } : null
    const entries: Entry[] = []
    if (sent !== null || (changes !== null && this.isNews(dataset, changes))) {
      entries.push({ kind: 'answer', dataset, batch: sent, changes })
    }
    if (batch === null || outcome === null) return entries
    switch (outcome.outcome) {
      case 'accepted':
        work.fruitless = 0
        work.patchesMax = Math.min(PATCHES_PER_BATCH_MAX, work.patchesMax * 2)
        break
      case 'conflict':
        this.inVain(dataset, FRUITLESS_MAX)
        break
      case 'number-used':
        this.needsDevice = true
        break
      case 'refused':
        entries.push(...this.refused(dataset, batch, outcome, outcome.code === 'LimitExceeded'))
        break
    }
    return entries
  }

  private isNews(dataset: DatasetName, { epoch, through, snapshot, records }: Changes): boolean {
    const standing = this.replica.standing(dataset)
    return epoch !== standing.epoch || through !== standing.since || snapshot || records.length > 0
  }

  /** What the server will never take is parked, so that the rest goes on; of several edits halves find out which (NE4). */
  private refused(
    dataset: DatasetName,
    { patches }: NumberedBatch,
    { code, message }: Readonly<{ code: ErrorCode; message: string }>,
    halve: boolean,
  ): Entry[] {
    if (errorCodes[code].retry !== 'never') {
      this.inVain(dataset, 1)
      return []
    }
    if (halve && patches.length > 1) {
      this.workOf(dataset).patchesMax = Math.floor(patches.length / 2)
      return []
    }
    // What was edited again meanwhile is another edit, which nobody refused.
    const newer = new Set<RecordKey>()
    for (const { key, sent } of this.replica.pending(dataset)) if (!sent) newer.add(key)
    const keys = patches.map(({ key }) => key).filter((key) => !newer.has(key))
    return keys.length === 0 ? [] : [{ kind: 'park', dataset, keys, code, message }]
  }

  /** Counts a round that brought a batch no further; after some of them the dataset waits, then asks for everything. */
  private inVain(dataset: DatasetName, roundsMax: number): void {
    const { clock, random } = this.deps
    const work = this.workOf(dataset)
    const beyond = ++work.fruitless - roundsMax + 1
    if (beyond <= 0) return
    const waitMs = backOffMs(beyond, random.fraction())
    work.notBeforeMs = clock.elapsed() + waitMs
    if (work.fruitless >= FRUITLESS_MAX) {
      work.ask()
      work.whole = work.pullFirst = true
    }
    this.cancelRetry()
    this.cancelRetry = clock.after(waitMs, () => this.pump())
  }

  private failed(asked: readonly DatasetExchange[], fault: unknown): void {
    for (const { dataset } of asked) this.workOf(dataset).ask()
    const verdict = verdictOn(fault)
    if (verdict === 'pause') this.deps.held(fault)
    else if (verdict === 'message') this.messageRefused(asked, fault as ConnectionFault)
    else this.deps.lost(fault)
  }

  /** Finds out which dataset of a refused message is at fault, then which of its edits. */
  private messageRefused(asked: readonly DatasetExchange[], { error, message }: ConnectionFault): void {
    const [one] = asked
    if (one === undefined || error === null) return
    if (asked.length > 1) {
      for (const { dataset } of asked) this.workOf(dataset).alone = true
      return
    }
    const { dataset, batch } = one
    if (batch === null) return this.inVain(dataset, 1)
    const outcome = { outcome: 'refused', code: error.code, message } as const
    const answer: Entry = { kind: 'answer', dataset, batch: { number: batch.number, outcome }, changes: null }
    void this.journal([answer, ...this.refused(dataset, batch, outcome, true)], [dataset])
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

const NOTHING = { epoch: 0, since: 0 } as const

const isAccepted = (batch: Readonly<{ outcome: BatchOutcome }> | null): boolean => batch?.outcome.outcome === 'accepted'

const sizeOf = (flight: NumberedBatch | null): number => {
  let bytes = 0
  for (const patch of flight?.patches ?? [])
    bytes += byteSize(patch.key) + (patch.op === 'replace' ? byteSize(patch.value) : 0)
  return bytes
}
