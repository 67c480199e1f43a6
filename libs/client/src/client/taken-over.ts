import { NEVER_SYNCED, type DatasetName, type RecordKey } from '@satchel/protocol'
import type { Edit } from '../journal/entry.js'
import type { Replica } from '../replica/replica.js'

/** Edits of one dataset that go from one local store to another. */
export type Left = Readonly<{ dataset: DatasetName; edits: readonly Edit[] }>

/** What a store shows, as edits that have seen nothing of where they go: a clash there is a conflict like any other. */
export function everythingIn(replica: Replica): Left[] {
  return replica.datasets().map((dataset) => {
    const times = new Map(replica.pending(dataset).map(({ key, at }) => [key as string, at]))
    const edits = replica
      .reader(dataset)
      .entries()
      .map(([key, value]) => newEdit(key as RecordKey, value, times.get(key) ?? 0))
    return { dataset, edits }
  })
}

/** What this tab wrote to a store after another tab had taken it over through a place. */
export function leftBehind(replica: Replica, through: number): Left[] {
  return replica.datasets().map((dataset) => ({
    dataset,
    edits: replica
      .pending(dataset)
      .filter(({ place }) => place > through)
      .map(({ key, value, at }) => newEdit(key, value, at)),
  }))
}

const newEdit = (key: RecordKey, value: string | null, at: number): Edit => ({ key, value, base: NEVER_SYNCED, at })
