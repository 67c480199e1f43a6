import { NEVER_SYNCED, type DatasetName, type RecordKey } from '@satchel/protocol'
import type { Edit, Entry } from '../journal/entry.js'
import type { Adoption, Replica } from '../replica/replica.js'

/** What a guest's store shows, as edits that have seen nothing of where they go: a clash there is a conflict like any other. */
export function adoptionOf(store: string, replica: Replica): Entry {
  const datasets = replica.datasets().map((dataset) => {
    const times = new Map(replica.pending(dataset).map(({ key, at }) => [key as string, at]))
    const edits = replica
      .reader(dataset)
      .entries()
      .map(([key, value]) => newEdit(key as RecordKey, value, times.get(key) ?? 0))
    return { dataset, edits }
  })
  return { kind: 'adopt', store, through: replica.place, datasets }
}

/** What this tab wrote to a guest's store after another tab had taken that one over, for the store it was taken over into. */
export function leftBehind(replica: Replica, { through }: Adoption): Entry[] {
  return replica.datasets().flatMap((dataset): Entry[] => {
    // Place 0 is of what is not in the journal yet.
    const late = replica.pending(dataset).filter(({ place }) => place > through || place === 0)
    return late.length === 0 ? [] : [editing(dataset, late)]
  })
}

const editing = (dataset: DatasetName, edits: readonly Edit[]): Entry => ({
  kind: 'edit',
  dataset,
  edits: edits.map(({ key, value, at }) => newEdit(key, value, at)),
})

const newEdit = (key: RecordKey, value: string | null, at: number): Edit => ({ key, value, base: NEVER_SYNCED, at })
