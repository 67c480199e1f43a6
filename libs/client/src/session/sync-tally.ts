import type { SyncReport } from '../api.js'
import type { LocalStore } from '../local/local-store.js'

/** Counts what a store takes from the server from now on; works in every tab, whoever leads. */
export function tallyOf(store: LocalStore): Readonly<{ report(): SyncReport; end(): void }> {
  let accepted = 0
  let received = 0
  let parked = 0
  const end = store.listen({
    applied: ({ shown, settled }, by) => {
      if (by === 'server') for (const { keys } of shown) received += keys.length
      for (const { as } of settled) {
        if (as === 'accepted') accepted++
        else if (as !== 'overruled') parked++
      }
    },
  })
  const conflicts = (): number =>
    store.replica.datasets().reduce((sum, dataset) => sum + store.replica.clashes(dataset).length, 0)
  return { report: () => ({ accepted, received, conflicts: conflicts(), parked }), end }
}
