import type { DatasetWrite } from '../../domain/dataset-write.js'
import type { DatasetStore } from '../../store/dataset-store.js'

type Commit = DatasetStore['commit']

/** The same store, but for how it commits. */
export const committing = (store: DatasetStore, commit: Commit): DatasetStore =>
  Object.assign(Object.create(store) as DatasetStore, { commit })

/** A store that cannot commit any group with a write of the record `bad`. */
export const breaksOnBad = (store: DatasetStore): DatasetStore =>
  committing(store, (writes: readonly DatasetWrite[], limits) =>
    writes.some((it) => it.kind === 'update' && it.batch[0]?.key === 'bad')
      ? Promise.reject(new Error('disk full'))
      : store.commit(writes, limits),
  )

/** A store whose first commit is stored, and then fails. */
export function failsOnceStored(store: DatasetStore): DatasetStore {
  let failures = 1
  return committing(store, async (...given) => {
    const outcomes = await store.commit(...given)
    if (failures-- > 0) throw new Error('connection lost after commit')
    return outcomes
  })
}

/** A store whose commits wait until they are let go. */
export function gated(store: DatasetStore) {
  const gates: (() => void)[] = []
  const gatedStore = committing(store, async (...given) => {
    await new Promise<void>((open) => gates.push(open))
    return store.commit(...given)
  })
  const opened = async (): Promise<void> => {
    while (gates.length === 0) await new Promise(setImmediate)
    gates.shift()!()
  }
  return { store: gatedStore, openNext: opened }
}
