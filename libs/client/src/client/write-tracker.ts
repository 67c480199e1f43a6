import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { WriteOutcome } from '../api.js'
import type { Settled } from '../replica/replica.js'
import { Fate } from './fate.js'

type Tracked = {
  readonly fate: Fate
  /** Where the write stands in the journal; null while that is not known. */
  place: number | null
  /** The last thing that was settled about the key before its place was known. */
  early: Settled | null
}

/** Remembers the newest write of every key that is not settled, so that it can be told what became of it. */
export class WriteTracker {
  readonly #byDataset = new Map<DatasetName, Map<RecordKey, Tracked>>()

  /** A write of these keys begins; `placed` resolves to where it stands in the journal. A rejection of it is left to others. */
  track(dataset: DatasetName, keys: Iterable<RecordKey>, placed: Promise<number>): Fate[] {
    const byKey = this.#byDataset.get(dataset) ?? new Map<RecordKey, Tracked>()
    this.#byDataset.set(dataset, byKey)
    const begun: Tracked[] = []
    for (const key of keys) {
      const tracked: Tracked = { fate: new Fate(), place: null, early: null }
      byKey.get(key)?.fate.supersede(tracked.fate)
      byKey.set(key, tracked)
      begun.push(tracked)
    }
    this.#await(begun, placed)
    return begun.map(({ fate }) => fate)
  }

  /** Everything that is not settled stands in another journal now, together at one place. */
  moved(placed: Promise<number>): void {
    const all = [...this.#byDataset.values()].flatMap((byKey) => [...byKey.values()])
    for (const tracked of all) Object.assign(tracked, { place: null, early: null })
    this.#await(all, placed)
  }

  /** Nobody will ever learn what becomes of these writes on this device. */
  abandon(outcome: WriteOutcome): void {
    for (const byKey of this.#byDataset.values()) for (const { fate } of byKey.values()) fate.settle(outcome)
    this.#byDataset.clear()
  }

  settled(what: Settled): void {
    const { dataset, key, through, as } = what
    const tracked = this.#byDataset.get(dataset)?.get(key)
    if (tracked === undefined) return
    if (tracked.place === null) tracked.early = what
    else if (tracked.place <= through) {
      this.#byDataset.get(dataset)!.delete(key)
      tracked.fate.settle(typeof as === 'string' ? { kind: as } : { kind: 'refused', ...as })
    }
  }

  /** Nobody decided a conflict; who waits is told, and the key goes on being tracked. */
  conflicting(dataset: DatasetName, key: RecordKey): void {
    this.#byDataset.get(dataset)?.get(key)?.fate.settle({ kind: 'conflict' })
  }

  #await(all: readonly Tracked[], placed: Promise<number>): void {
    placed.then(
      (place) => {
        for (const tracked of all) {
          tracked.place = place
          if (tracked.early !== null) this.settled(tracked.early)
        }
      },
      () => {},
    )
  }
}
