import type { DatasetName, DatasetPath, IdentityId, IdentityPoolId, RecordKey, SyncRecord } from '@satchel/protocol'
import { byteSize } from '@satchel/protocol'
import type { BatchMarker } from './batch-marker.js'
import { absentDataset, type Dataset } from './dataset.js'
import type { HeldRecord } from './held-record.js'
import type { StreamChange } from './stream-change.js'
import type { StreamTarget } from './stream-target.js'
import { streamedBefore } from './streamed-before.js'
import { NO_USAGE, subtractUsage, sumUsage, usageOf, type Usage } from './usage.js'

/** What a store loads, under lock, before a group of writes is judged. */
export type Loaded = Readonly<{
  /** The epoch below that of a dataset nobody has written to; rises when a backup was put back (D8). */
  epochBase: number
  /** The pool of each identity that exists and is not disabled. */
  pools: ReadonlyMap<IdentityId, IdentityPoolId>
  /** Of those pools whose stream is enabled. */
  targets: ReadonlyMap<IdentityPoolId, StreamTarget>
  /** Every dataset of those identities, deleted ones included. */
  datasets: ReadonlyMap<IdentityId, ReadonlyMap<DatasetName, Dataset>>
  /** The patched records that are stored, by {@link datasetKey}. */
  records: ReadonlyMap<string, ReadonlyMap<RecordKey, HeldRecord>>
  /** Markers of the batches that were sent before, by marker id. */
  markers: ReadonlyMap<string, BatchMarker>
}>

/** What a store writes after a group of writes was judged, in this order. */
export type Changes = Readonly<{
  /** Datasets whose stored records all go, before the records below are stored. */
  cleared: readonly DatasetPath[]
  datasets: readonly Readonly<{ path: DatasetPath; dataset: Dataset }>[]
  records: readonly Readonly<{ path: DatasetPath; record: SyncRecord }>[]
  markers: readonly Readonly<{ path: DatasetPath; marker: BatchMarker }>[]
  /** What goes into the outbox, in the order in which it was accepted. */
  streamed: readonly StreamChange[]
  /** By how much each pool's usage moves. */
  usage: ReadonlyMap<IdentityPoolId, Readonly<{ usage: Usage; at: number }>>
}>

/** One key for a dataset in a map; neither part can hold a line break. */
export const datasetKey = ({ identity, dataset }: Pick<DatasetPath, 'identity' | 'dataset'>): string =>
  `${identity}\n${dataset}`

type Touched = {
  readonly path: DatasetPath
  dataset: Dataset
  readonly before: Dataset
  cleared: boolean
  readonly held: Map<RecordKey, HeldRecord>
  readonly written: Map<RecordKey, SyncRecord>
}

/**
 * The state that a group of writes is judged against, each seeing what those before it in the group did. It
 * remembers what has to be stored; a refused write leaves no trace in it.
 */
export class WorkingSet {
  private readonly touched = new Map<IdentityId, Map<DatasetName, Touched>>()
  private readonly markersById: Map<string, BatchMarker>
  /** By marker id: a device's later batch replaces the marker of an earlier one in the same group. */
  private readonly newMarkers = new Map<string, { path: DatasetPath; marker: BatchMarker }>()
  private readonly streamed: StreamChange[] = []

  constructor(private readonly loaded: Loaded) {
    this.markersById = new Map(loaded.markers)
  }

  /** True when the identity exists in the path's pool and may be written to. */
  isActive({ identity, pool }: DatasetPath): boolean {
    return this.loaded.pools.get(identity) === pool
  }

  dataset(path: DatasetPath): Dataset {
    return this.touch(path).dataset
  }

  held(path: DatasetPath): ReadonlyMap<RecordKey, HeldRecord> {
    return this.touch(path).held
  }

  marker(id: string): BatchMarker | undefined {
    return this.markersById.get(id)
  }

  /** What the identity's datasets hold, all but this one. */
  usageElsewhere(path: DatasetPath): Usage {
    const touched = this.touched.get(path.identity)
    let usage = NO_USAGE
    for (const [name, dataset] of this.loaded.datasets.get(path.identity) ?? []) {
      if (name !== path.dataset && !touched?.has(name)) usage = sumUsage(usage, usageOf(dataset))
    }
    for (const [name, { dataset }] of touched ?? []) {
      if (name !== path.dataset) usage = sumUsage(usage, usageOf(dataset))
    }
    return usage
  }

  /** Takes in an accepted batch; answers the dataset as it will be stored. */
  accept(
    path: DatasetPath,
    accepted: Readonly<{ dataset: Dataset; written: readonly SyncRecord[]; marker: BatchMarker }>,
  ): Dataset {
    const touched = this.touch(path)
    touched.dataset = this.stream(path, accepted.dataset, { operation: 'replace', records: accepted.written })
    for (const record of accepted.written) {
      touched.written.set(record.key, record)
      touched.held.set(record.key, {
        syncCount: record.syncCount,
        valueBytes: record.value === null ? null : byteSize(record.value),
      })
    }
    this.markersById.set(accepted.marker.id, accepted.marker)
    this.newMarkers.set(accepted.marker.id, { path, marker: accepted.marker })
    return touched.dataset
  }

  /** Takes in a deletion: every record goes, stored or written earlier in this group. Answers the dataset as it will be stored. */
  clear(path: DatasetPath, dataset: Dataset): Dataset {
    const touched = this.touch(path)
    touched.dataset = this.stream(path, dataset, { operation: 'remove', records: [] })
    touched.cleared = true
    touched.held.clear()
    touched.written.clear()
    return touched.dataset
  }

  changes(): Changes {
    const changed = [...this.touched.values()]
      .flatMap((byName) => [...byName.values()])
      .filter(({ dataset, before }) => dataset !== before)
    const usage = new Map<IdentityPoolId, { usage: Usage; at: number }>()
    for (const { path, dataset, before } of changed) {
      const sum = usage.get(path.pool) ?? { usage: NO_USAGE, at: 0 }
      const delta = subtractUsage(usageOf(dataset), usageOf(before))
      usage.set(path.pool, { usage: sumUsage(sum.usage, delta), at: Math.max(sum.at, dataset.modifiedAt) })
    }
    return {
      cleared: changed.filter(({ cleared }) => cleared).map(({ path }) => path),
      datasets: changed.map(({ path, dataset }) => ({ path, dataset })),
      records: changed.flatMap(({ path, written }) => [...written.values()].map((record) => ({ path, record }))),
      markers: [...this.newMarkers.values()],
      streamed: this.streamed,
      usage,
    }
  }

  /** Notes a change of a dataset whose pool streams, and on the dataset how far it went into the outbox (V1, V2). */
  private stream(path: DatasetPath, dataset: Dataset, change: Pick<StreamChange, 'operation' | 'records'>): Dataset {
    const target = this.loaded.targets.get(path.pool)
    if (target === undefined) return dataset
    const { epoch, syncCount, modifiedAt: at } = dataset
    const before = streamedBefore(dataset, target)
    this.streamed.push({ kind: 'change', path, target, ...change, epoch, syncCount, ...before, at })
    return { ...dataset, streamedEpoch: epoch, streamedThrough: syncCount, streamBegun: target.begun }
  }

  private touch(path: DatasetPath): Touched {
    const known = this.touched.get(path.identity)?.get(path.dataset)
    if (known !== undefined) return known
    const dataset = this.loaded.datasets.get(path.identity)?.get(path.dataset) ?? {
      ...absentDataset(path.dataset),
      epoch: this.loaded.epochBase,
    }
    const touched: Touched = {
      path,
      dataset,
      before: dataset,
      cleared: false,
      held: new Map(this.loaded.records.get(datasetKey(path))),
      written: new Map(),
    }
    const byName = this.touched.get(path.identity)
    if (byName === undefined) this.touched.set(path.identity, new Map([[path.dataset, touched]]))
    else byName.set(path.dataset, touched)
    return touched
  }
}
