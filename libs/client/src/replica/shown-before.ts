import type { DatasetName, RecordKey } from '@satchel/protocol'
import type { Shown } from './replica.js'

/** Remembers what keys showed before something happened, to tell afterwards which ones show another value. */
export class ShownBefore {
  readonly #values = new Map<DatasetName, Map<RecordKey, string | null>>()

  get byDataset(): ReadonlyMap<DatasetName, ReadonlyMap<RecordKey, string | null>> {
    return this.#values
  }

  /** Only the first value of a key counts. */
  note(dataset: DatasetName, key: RecordKey, value: string | null): void {
    const values = this.#values.get(dataset)
    if (values === undefined) this.#values.set(dataset, new Map([[key, value]]))
    else if (!values.has(key)) values.set(key, value)
  }

  /** The keys that show another value now; `turned` is told of each. */
  changed(
    now: (dataset: DatasetName, key: RecordKey) => string | null,
    turned: (dataset: DatasetName, key: RecordKey, before: string | null, after: string | null) => void,
  ): Shown[] {
    const shown: Shown[] = []
    for (const [dataset, values] of this.#values) {
      const keys: RecordKey[] = []
      for (const [key, before] of values) {
        const after = now(dataset, key)
        if (after === before) continue
        turned(dataset, key, before, after)
        keys.push(key)
      }
      if (keys.length > 0) shown.push({ dataset, keys })
    }
    return shown
  }
}
