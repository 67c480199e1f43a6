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
  private readonly byDataset = new Map<DatasetName, Map<RecordKey, Lying>>()
  private readonly byEntry = new Map<Entry, readonly ForeseenKey[]>()

  get(dataset: DatasetName, key: RecordKey): ForeseenKey | undefined {
    return this.byDataset.size === 0 ? undefined : this.byDataset.get(dataset)?.get(key)
  }

  /** What is foreseen of a dataset, by key. */
  of(dataset: DatasetName): ReadonlyMap<RecordKey, ForeseenKey> | undefined {
    return this.byDataset.get(dataset)
  }

  add(entry: AnswerEntry, keys: readonly ForeseenKey[]): void {
    if (keys.length === 0) return
    const byKey = this.byDataset.get(entry.dataset) ?? new Map<RecordKey, Lying>()
    this.byDataset.set(entry.dataset, byKey)
    for (const { key, value, count } of keys) byKey.set(key, { key, value, count, entry })
    this.byEntry.set(entry, keys)
  }

  /** Takes off what an answer shows of a key, or, without one, whatever is foreseen of it. */
  drop(dataset: DatasetName, key: RecordKey, entry?: Entry): void {
    const byKey = this.byDataset.get(dataset)
    if (byKey === undefined || (entry !== undefined && byKey.get(key)?.entry !== entry)) return
    byKey.delete(key)
    if (byKey.size === 0) this.byDataset.delete(dataset)
  }

  /** The keys of which an answer showed something, which is forgotten of it. */
  take(entry: Entry): readonly ForeseenKey[] {
    const keys = this.byEntry.get(entry) ?? NONE
    this.byEntry.delete(entry)
    return keys
  }

  clear(): void {
    this.byDataset.clear()
    this.byEntry.clear()
  }
}

const NONE: readonly ForeseenKey[] = []
