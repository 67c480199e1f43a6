import type { DatasetName, RecordKey, SyncCount } from '@satchel/protocol'
import type { Entry } from '../journal/entry.js'

export type AnswerEntry = Extract<Entry, { kind: 'answer' }>

/** What an answer that is on its way into the journal will show of a key. */
export type ForeseenKey = Readonly<{
  key: RecordKey
  /** null is no value. */
  value: string | null
  /** The count of its record, which an edit made now has seen. */
  count: SyncCount
}>

type Lying = ForeseenKey & Readonly<{ entry: Entry }>

/**
 * What the server said and the journal does not have yet (NP1). It is shown, because the server can be asked for it again, and is part
 * of nothing else: no count, batch or snapshot knows of it.
 */
export class Foreseen {
  readonly #byDataset = new Map<DatasetName, Map<RecordKey, Lying>>()

  get(dataset: DatasetName, key: RecordKey): ForeseenKey | undefined {
    return this.#byDataset.size === 0 ? undefined : this.#byDataset.get(dataset)?.get(key)
  }

  /** What is foreseen of a dataset, by key. */
  of(dataset: DatasetName): ReadonlyMap<RecordKey, ForeseenKey> | undefined {
    return this.#byDataset.get(dataset)
  }

  put(entry: AnswerEntry, one: ForeseenKey): void {
    const byKey = this.#byDataset.get(entry.dataset) ?? new Map<RecordKey, Lying>()
    this.#byDataset.set(entry.dataset, byKey.set(one.key, { ...one, entry }))
  }

  drop(dataset: DatasetName, key: RecordKey): void {
    const byKey = this.#byDataset.get(dataset)
    if (byKey?.delete(key) === true && byKey.size === 0) this.#byDataset.delete(dataset)
  }

  /** Takes off all that an answer shows; answers what that was. */
  take(entry: AnswerEntry): readonly ForeseenKey[] {
    const taken = [...(this.#byDataset.get(entry.dataset)?.values() ?? [])].filter((one) => one.entry === entry)
    for (const { key } of taken) this.drop(entry.dataset, key)
    return taken
  }

  clear(): void {
    this.#byDataset.clear()
  }
}
