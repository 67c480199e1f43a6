import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { Edit, Entry, Group } from '../journal/entry.js'

/** What an entry shows of a key before it is in the journal. */
export type UnplacedEdit = Edit & Readonly<{ entry: Entry }>

/**
 * The edits of this tab that are on their way into the journal, oldest first. They lie on top of the database and are no part of
 * it, so that it holds nothing but what follows from the journal.
 */
export class Unplaced {
  private readonly byDataset = new Map<DatasetName, Map<RecordKey, UnplacedEdit[]>>()

  /** The edit that shows, if one does. */
  top(dataset: DatasetName, key: RecordKey): UnplacedEdit | undefined {
    return this.byDataset.size === 0 ? undefined : this.byDataset.get(dataset)?.get(key)?.at(-1)
  }

  push(dataset: DatasetName, edit: UnplacedEdit): void {
    const byKey = this.byDataset.get(dataset) ?? new Map<RecordKey, UnplacedEdit[]>()
    this.byDataset.set(dataset, byKey)
    const edits = byKey.get(edit.key)
    if (edits === undefined) byKey.set(edit.key, [edit])
    else edits.push(edit)
  }

  /** Takes off what these entries show. */
  drop(group: Group): void {
    const entries = new Set(group)
    for (const [dataset, key] of this.keysOf(group)) {
      const byKey = this.byDataset.get(dataset)!
      const left = byKey.get(key)!.filter(({ entry }) => !entries.has(entry))
      if (left.length > 0) byKey.set(key, left)
      else byKey.delete(key)
      if (byKey.size === 0) this.byDataset.delete(dataset)
    }
  }

  /** The keys on which these entries lie, each once. */
  keysOf(group: Group): [DatasetName, RecordKey][] {
    const found: [DatasetName, RecordKey][] = []
    for (const [dataset, keys] of keysNamed(group)) {
      const byKey = this.byDataset.get(dataset)
      if (byKey !== undefined) for (const key of keys) if (byKey.has(key)) found.push([dataset, key])
    }
    return found
  }

  /** What shows of a dataset, by key. */
  of(dataset: DatasetName): ReadonlyMap<RecordKey, readonly UnplacedEdit[]> | undefined {
    return this.byDataset.get(dataset)
  }

  datasets(): Iterable<DatasetName> {
    return this.byDataset.keys()
  }
}

/** The keys that the app's own entries touch. */
function keysNamed(group: Group): Map<DatasetName, Set<RecordKey>> {
  const named = new Map<DatasetName, Set<RecordKey>>()
  const name = (dataset: DatasetName, edits: readonly Readonly<{ key: RecordKey }>[]): void => {
    const keys = named.get(dataset) ?? new Set<RecordKey>()
    named.set(dataset, keys)
    for (const { key } of edits) keys.add(key)
  }
  for (const entry of group) {
    if (entry.kind === 'edit') name(entry.dataset, entry.edits)
    if (entry.kind === 'settle') name(entry.dataset, [entry])
    if (entry.kind === 'adopt') for (const { dataset, edits } of entry.datasets) name(dataset, edits)
  }
  return named
}
