import {
  NEVER_SYNCED,
  type Changes,
  type DatasetAnswer,
  type DatasetExchange,
  type DatasetName,
  type SyncAnswer,
} from '@satchel/protocol'
import type { Entry } from '../journal/entry.js'
import type { Replica } from '../replica/replica.js'
import { ConnectionFault } from '../transport/transport.js'
import { allPages } from './all-pages.js'
import { AnswerJudge, type AnswerJudgeDeps } from './answer-judge.js'
import type { DatasetTurns } from './dataset-turns.js'
import type { Hold } from './dataset-work.js'
import type { Line } from './line.js'
import { packMessages } from './pack-messages.js'
import { verdictOn } from './verdict.js'

/** Messages that wait for their answers at a time. */
const MESSAGES_MAX = 2

export type RoundTripsDeps = Omit<AnswerJudgeDeps, 'workOf'> &
  Readonly<{
    turns: DatasetTurns
    line: Line
    /** True while requests may go out. */
    proceeds: () => boolean
    /** Journals what was said of datasets; never rejects. */
    journal: (entries: readonly Entry[], datasets: readonly DatasetName[]) => Promise<void>
    /** The connection does not go on. */
    lost: (fault: unknown) => void
    /** The server asks for a pause. */
    held: (fault: unknown) => void
  }>

/** Messages on their way to the server, and what their answers put into the journal. */
export class RoundTrips {
  /** Nothing was sent on this connection yet. */
  first = false
  readonly #judge: AnswerJudge
  readonly #replica: Replica
  /** Rises with every connection, so that what belongs to an earlier one is recognised. */
  #turn = 0
  #onWire = 0

  constructor(private readonly deps: RoundTripsDeps) {
    const { turns } = deps
    this.#replica = deps.replica
    this.#judge = new AnswerJudge({ ...deps, workOf: (dataset) => turns.workOf(dataset) })
  }

  /** The connection is gone, and with it what was on the wire. What is on its way into the journal stays. */
  end(): void {
    this.#turn++
    this.#onWire = 0
    this.#judge.end()
    this.deps.turns.releaseWire()
  }

  /** Sends for the datasets, as many in one message as go together, and no more messages than may be under way. */
  send(due: readonly DatasetName[]): void {
    const facts = due.map((dataset) => ({
      dataset,
      flight: this.#replica.flight(dataset),
      alone: this.deps.turns.workOf(dataset).alone,
    }))
    for (const message of packMessages(facts)) {
      if (this.#onWire >= MESSAGES_MAX) return
      this.first = false
      void this.#exchange(message)
    }
  }

  async #exchange(datasets: readonly DatasetName[]): Promise<void> {
    const turn = this.#turn
    const { turns, line, goOn } = this.deps
    const hold: Hold = { onWire: true }
    this.#onWire++
    const asked = datasets.map((dataset) => this.#asked(dataset))
    turns.occupy(datasets, hold)
    try {
      const answer = await line.sync({ device: this.#replica.device!, datasets: asked })
      if (turn === this.#turn) await this.#answered(asked, answer)
    } catch (fault) {
      if (turn === this.#turn) this.#failed(asked, fault)
    } finally {
      if (turn === this.#turn) this.#onWire--
      turns.release(datasets, hold)
      goOn()
    }
  }

  #asked(dataset: DatasetName): DatasetExchange {
    const work = this.deps.turns.workOf(dataset)
    work.pull = false
    const { epoch, since } = work.whole ? NOTHING : this.#replica.standing(dataset)
    return { dataset, epoch, since, page: null, batch: this.#replica.flight(dataset) }
  }

  async #answered(asked: readonly DatasetExchange[], answer: SyncAnswer): Promise<void> {
    const turn = this.#turn
    const { journal } = this.deps
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
        entries.push(...this.#judge.entriesOf(one, got.batch, got.changes))
      }
    }
    await journal(entries, complete)
    for (const [one, got, begun] of paged) {
      if (turn !== this.#turn) return
      const changes = await allPages(begun, { ...this.deps, asked: one, device: this.#replica.device! })
      if (turn === this.#turn) await journal(this.#judge.entriesOf(one, got.batch, changes), [one.dataset])
    }
  }

  #failed(asked: readonly DatasetExchange[], fault: unknown): void {
    const { turns, held, lost, journal } = this.deps
    for (const { dataset } of asked) turns.workOf(dataset).ask()
    const verdict = verdictOn(fault)
    if (verdict === 'pause') held(fault)
    else if (verdict !== 'message') lost(fault)
    else {
      const entries = this.#judge.messageRefused(asked, fault as ConnectionFault)
      const datasets = entries.length === 0 ? [] : asked.map(({ dataset }) => dataset)
      void journal(entries, datasets)
    }
  }
}

const NOTHING = { epoch: 0, since: NEVER_SYNCED } as const
