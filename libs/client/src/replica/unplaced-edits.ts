import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { Edit, Entry } from '../journal/entry.js'
import type { Held } from '../merge/held.js'

/** What the state says that decides whether an entry shows anything. */
export type Present = Readonly<{
  hasAdopted(store: string): boolean
  held(dataset: DatasetName, key: RecordKey): Held
  isCovered(dataset: DatasetName, key: RecordKey): boolean
}>

/** What an entry of the app's shows at once, as if it were applied to the present state. */
export function* unplacedEdits(entry: Entry, present: Present): Iterable<[DatasetName, Edit]> {
  if (entry.kind === 'edit') for (const edit of entry.edits) yield [entry.dataset, edit]
  if (entry.kind === 'adopt' && !present.hasAdopted(entry.store)) {
    for (const { dataset, edits } of entry.datasets) for (const edit of edits) yield [dataset, edit]
  }
  if (entry.kind === 'settle') {
    const { dataset, key, over, edit } = entry
    const { pending, flown, record } = present.held(dataset, key)
    // A newer edit than the one that was looked at stays.
    if (pending?.place !== over || present.isCovered(dataset, key)) return
    const value = (flown ?? record)?.value ?? null
    yield [dataset, edit ?? { key, value, base: pending.base, at: pending.at }]
  }
}
