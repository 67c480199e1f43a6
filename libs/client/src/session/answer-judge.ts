import {
  errorCodes,
  PATCHES_PER_BATCH_MAX,
  type BatchOutcome,
  type Changes,
  type DatasetExchange,
  type DatasetName,
  type ErrorCode,
  type NumberedBatch,
  type RecordKey,
} from '@satchel/protocol'
import type { Entry } from '../journal/entry.js'
import type { Replica } from '../replica/replica.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import type { ConnectionFault } from '../transport/transport.js'
import { backOffMs } from '../runtime/back-off.js'
import type { DatasetWork } from './dataset-work.js'

/** Conflicts in a row after which a dataset waits a little, and asks for everything. */
const FRUITLESS_MAX = 5

export type AnswerJudgeDeps = Readonly<{
  replica: Replica
  clock: Clock
  random: Random
  workOf: (dataset: DatasetName) => DatasetWork
  /** Another store sends under this device's id. */
  numberUsed: () => void
  /** A dataset that had to wait may go on. */
  goOn: () => void
}>

/** What the server's answers mean: what goes into the journal, and what is to be done next for their datasets. */
export class AnswerJudge {
  #cancelRetry: () => void = () => {}

  constructor(private readonly deps: AnswerJudgeDeps) {}

  /** The connection is gone; the next one looks at every dataset anyway. */
  end(): void {
    this.#cancelRetry()
  }

  /** What an answer for one dataset puts into the journal; `changes` null where its pages did not fit together. */
  entriesOf({ dataset, batch }: DatasetExchange, outcome: BatchOutcome | null, changes: Changes | null): Entry[] {
    const work = this.deps.workOf(dataset)
    work.alone = false
    work.pullFirst = changes === null
    if (changes === null) work.ask()
    else work.whole = false
    const sent = batch !== null && outcome !== null ? { number: batch.number, outcome } : null
    const entries: Entry[] = []
    if (sent !== null || (changes !== null && this.#isNews(dataset, changes))) {
      entries.push({ kind: 'answer', dataset, batch: sent, changes })
    }
    if (batch === null || outcome === null) return entries
    switch (outcome.outcome) {
      case 'accepted':
        work.fruitless = 0
        work.patchesMax = Math.min(PATCHES_PER_BATCH_MAX, work.patchesMax * 2)
        break
      case 'conflict':
        this.#inVain(dataset, FRUITLESS_MAX)
        break
      case 'number-used':
        this.deps.numberUsed()
        break
      case 'refused':
        entries.push(...this.#refused(dataset, batch, outcome, outcome.code === 'LimitExceeded'))
        break
    }
    return entries
  }

  /** Finds out which dataset of a refused message is at fault, then which of its edits; the entries are that one dataset's. */
  messageRefused(asked: readonly DatasetExchange[], { error, message }: ConnectionFault): Entry[] {
    const [one] = asked
    if (one === undefined || error === null) return []
    if (asked.length > 1) {
      for (const { dataset } of asked) this.deps.workOf(dataset).alone = true
      return []
    }
    const { dataset, batch } = one
    if (batch === null) {
      this.#inVain(dataset, 1)
      return []
    }
    const outcome = { outcome: 'refused', code: error.code, message } as const
    const answer: Entry = { kind: 'answer', dataset, batch: { number: batch.number, outcome }, changes: null }
    return [answer, ...this.#refused(dataset, batch, outcome, true)]
  }

  #isNews(dataset: DatasetName, { epoch, through, snapshot, records }: Changes): boolean {
    const standing = this.deps.replica.standing(dataset)
    return epoch !== standing.epoch || through !== standing.since || snapshot || records.length > 0
  }

  /** What the server will never take is parked, so that the rest goes on; of several edits halves find out which (NE4). */
  #refused(
    dataset: DatasetName,
    { patches }: NumberedBatch,
    { code, message }: Readonly<{ code: ErrorCode; message: string }>,
    halve: boolean,
  ): Entry[] {
    if (errorCodes[code].retry !== 'never') {
      this.#inVain(dataset, 1)
      return []
    }
    if (halve && patches.length > 1) {
      this.deps.workOf(dataset).patchesMax = Math.floor(patches.length / 2)
      return []
    }
    // What was edited again meanwhile is another edit, which nobody refused.
    const newer = new Set<RecordKey>()
    for (const { key, sent } of this.deps.replica.pending(dataset)) if (!sent) newer.add(key)
    const keys = patches.map(({ key }) => key).filter((key) => !newer.has(key))
    return keys.length === 0 ? [] : [{ kind: 'park', dataset, keys, code, message }]
  }

  /** Counts a round that brought a batch no further; after some of them the dataset waits, then asks for everything. */
  #inVain(dataset: DatasetName, roundsMax: number): void {
    const { clock, random, workOf, goOn } = this.deps
    const work = workOf(dataset)
    const beyond = ++work.fruitless - roundsMax + 1
    if (beyond <= 0) return
    const waitMs = backOffMs(beyond, random.fraction())
    work.notBeforeMs = clock.elapsed() + waitMs
    if (work.fruitless >= FRUITLESS_MAX) {
      work.ask()
      work.whole = work.pullFirst = true
    }
    this.#cancelRetry()
    this.#cancelRetry = clock.after(waitMs, goOn)
  }
}
