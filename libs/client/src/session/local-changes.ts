import type { DatasetName } from '@satchel/protocol'
import type { Group } from '../journal/entry.js'
import type { ChangeSource, LocalStore } from '../local/local-store.js'
import type { Applied } from '../replica/replica.js'
import type { ClashResolution } from './clash-resolution.js'
import type { Exchanges } from './exchanges.js'

/** What this tab and the others write into the store: looked at once it is there, for what is to be sent and what clashes. */
export class LocalChanges {
  /** Datasets that changed in this turn, not yet looked at. */
  readonly #touched = new Set<DatasetName>()
  #over = false
  #unlisten: () => void = () => {}

  constructor(
    private readonly deps: Readonly<{
      store: LocalStore
      term: number
      exchanges: Exchanges
      resolution: ClashResolution
      onFenced: () => void
    }>,
  ) {}

  start(): void {
    const { store, term, onFenced } = this.deps
    this.#unlisten = store.listen({ applied: (applied, by) => this.#applied(applied, by) })
    store.accompany({ term, entries: (group) => this.#joining(group), fenced: onFenced })
    this.lookAtAll()
  }

  end(): void {
    this.#over = true
    this.deps.store.accompany(null)
    this.#unlisten()
  }

  lookAtAll(): void {
    this.deps.exchanges.lookAtAll()
    this.resolve(this.deps.store.replica.datasets())
  }

  /** Has what clashes in the datasets decided. */
  resolve(datasets: Iterable<DatasetName>): void {
    for (const dataset of datasets) this.deps.resolution.look(dataset)
  }

  #joining(group: Group): Group {
    const { exchanges } = this.deps
    if (group.some(({ kind }) => kind === 'adopt')) exchanges.lookAtAll()
    return exchanges.joining(group)
  }

  #applied({ shown, settled }: Applied, by: ChangeSource): void {
    const { exchanges } = this.deps
    if (by !== 'server') {
      if (this.#touched.size === 0) queueMicrotask(() => this.#lookAtTouched())
      for (const { dataset } of shown) this.#touched.add(dataset)
    }
    for (const { dataset } of settled) exchanges.look(dataset)
    if (settled.length > 0) exchanges.pumpSoon()
  }

  #lookAtTouched(): void {
    const { exchanges } = this.deps
    const touched = [...this.#touched]
    this.#touched.clear()
    if (this.#over) return
    for (const dataset of touched) exchanges.look(dataset)
    this.resolve(touched)
    exchanges.pumpSoon()
  }
}
