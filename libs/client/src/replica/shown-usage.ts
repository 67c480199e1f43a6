import { byteSize, type DatasetName, type RecordKey } from '@satchel/protocol'
import type { PlacedState } from './placed-state.js'
import type { Usage } from './replica.js'

const NOTHING: Usage = { records: 0, bytes: 0 }

/** What datasets hold as they are shown, kept up with every change (ND14). */
export class ShownUsage {
  readonly #byDataset: Map<DatasetName, Usage>

  /** Begins with what is placed. */
  constructor(placed: PlacedState) {
    this.#byDataset = new Map(placed.usages())
  }

  dataset(name: DatasetName): Usage {
    return this.#byDataset.get(name) ?? NOTHING
  }

  /** Of all datasets that hold something. */
  get all(): Readonly<{ datasets: number; bytes: number }> {
    let datasets = 0
    let bytes = 0
    for (const usage of this.#byDataset.values()) {
      if (usage.records > 0) datasets++
      bytes += usage.bytes
    }
    return { datasets, bytes }
  }

  /** The key shows another value now. */
  turned(name: DatasetName, key: RecordKey, before: string | null, after: string | null): void {
    const { records, bytes } = this.dataset(name)
    const keyBytes = byteSize(key)
    const size = (value: string | null): number => (value === null ? 0 : keyBytes + byteSize(value))
    this.#byDataset.set(name, {
      records: records + Number(after !== null) - Number(before !== null),
      bytes: bytes + size(after) - size(before),
    })
  }
}
