import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { Edit, Entry } from '../journal/entry.js'

/** What an entry shows of a key before it is in the journal. */
export type UnplacedEdit = Readonly<{ edit: Edit; entry: Entry }>

/** An entry that settles a conflict. */
export type Decision = Extract<Entry, { kind: 'settle' }>

/**
 * The edits of this tab that are on their way into the journal, oldest first. They lie on top of the database and are no part of
 * it, so that it holds nothing but what follows from the journal.
 */
export class Unplaced {
  readonly #byDataset = new Map<DatasetName, Map<RecordKey, UnplacedEdit[]>>()

  /** The edit that shows, if one does. */
  top(dataset: DatasetName, key: RecordKey): Edit | undefined {
    return this.#byDataset.size === 0 ? undefined : this.#byDataset.get(dataset)?.get(key)?.at(-1)?.edit
  }

  push(dataset: DatasetName, edit: Edit, entry: Entry): void {
    const byKey = this.#byDataset.get(dataset) ?? new Map<RecordKey, UnplacedEdit[]>()
    if (byKey.size === 0) this.#byDataset.set(dataset, byKey)
    const edits = byKey.get(edit.key)
    if (edits === undefined) byKey.set(edit.key, [{ edit, entry }])
    else edits.push({ edit, entry })
  }

  /** Takes off what these entries show of a key. */
  drop(dataset: DatasetName, key: RecordKey, entries: ReadonlySet<Entry>): void {
    const byKey = this.#byDataset.get(dataset)
    const left = byKey?.get(key)?.filter(({ entry }) => !entries.has(entry)) ?? []
    if (left.length > 0) byKey!.set(key, left)
    else byKey?.delete(key)
    if (byKey?.size === 0) this.#byDataset.delete(dataset)
  }

  /** What shows of a dataset, by key. */
  of(dataset: DatasetName): ReadonlyMap<RecordKey, readonly UnplacedEdit[]> | undefined {
    return this.#byDataset.get(dataset)
  }

  datasets(): Iterable<DatasetName> {
    return this.#byDataset.keys()
  }
}

/** What the app's own entries do to keys; a decision stands for its edit. */
export function eachEdit(entry: Entry, tell: (dataset: DatasetName, edit: Edit | Decision) => void): void {
  if (entry.kind === 'edit') for (const edit of entry.edits) tell(entry.dataset, edit)
  if (entry.kind === 'settle') tell(entry.dataset, entry)
  if (entry.kind !== 'adopt') return
  for (const { dataset, edits } of entry.datasets) for (const edit of edits) tell(dataset, edit)
}
