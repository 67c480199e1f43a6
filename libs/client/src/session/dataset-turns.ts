import type { DatasetName } from '@satchel/protocol'
import type { Replica } from '../replica/replica.js'
import { DatasetWork, type Hold } from './dataset-work.js'

/** Whose turn it is: what is in hand for each dataset, one thing at a time (NE2), and which of them may have something to do. */
export class DatasetTurns {
  /** Datasets that may have something to do. */
  readonly ready = new Set<DatasetName>()
  /** What is under way, on datasets or besides them. */
  busy = 0
  readonly #works = new Map<DatasetName, DatasetWork>()

  constructor(private readonly replica: Replica) {}

  /** Nothing is to be done, and nothing under way. */
  get idle(): boolean {
    return this.ready.size === 0 && this.busy === 0
  }

  workOf(dataset: DatasetName): DatasetWork {
    let work = this.#works.get(dataset)
    if (work === undefined) {
      work = new DatasetWork()
      // What the server never told anything about is to be asked for.
      work.pull = this.replica.standing(dataset).epoch === 0
      this.#works.set(dataset, work)
    }
    return work
  }

  lookAtAll(): void {
    for (const dataset of this.replica.datasets()) this.ready.add(dataset)
  }

  /** The server is to be asked for the dataset's changes. */
  pull(dataset: DatasetName): void {
    this.workOf(dataset).ask()
    this.ready.add(dataset)
  }

  pullAll(): void {
    for (const dataset of this.replica.datasets()) this.pull(dataset)
  }

  occupy(datasets: readonly DatasetName[], hold: Hold): void {
    for (const dataset of datasets) {
      const work = this.workOf(dataset)
      if (work.hold === null) this.busy++
      work.hold = hold
      this.ready.delete(dataset)
    }
  }

  /** Frees those of the datasets that nobody has taken over since. */
  release(datasets: Iterable<DatasetName>, hold: Hold): void {
    for (const dataset of datasets) {
      const work = this.workOf(dataset)
      if (work.hold !== hold) continue
      work.hold = null
      this.busy--
      this.ready.add(dataset)
    }
  }

  /** The connection is gone, and nobody is on the wire any more. */
  releaseWire(): void {
    for (const [dataset, { hold }] of this.#works) if (hold?.onWire === true) this.release([dataset], hold)
  }

  /** What joined groups on their way into the journal is there by now, or nowhere. */
  joinedAll(): void {
    for (const work of this.#works.values()) if (work.batching === 'joined') work.batching = null
  }
}
