import {
  byCodePoint,
  byteSize,
  isMergedFrom,
  type DatasetName,
  type DatasetPath,
  type IdentityId,
  type IdentityPoolId,
  type Limits,
  type RecordKey,
  type SyncCount,
  type SyncRecord,
} from '@satchel/protocol'
import { DEVICE_MARKERS_FROM, deviceMarkersOf } from '../../domain/batch-marker.js'
import { absentDataset, epochAfter, type Dataset } from '../../domain/dataset.js'
import type { DatasetWrite, WriteOutcome } from '../../domain/dataset-write.js'
import type { HeldRecord } from '../../domain/held-record.js'
import { judgeWithin } from '../../domain/judge.js'
import { NO_USAGE, subtractUsage, sumUsage, usageOf, type Usage } from '../../domain/usage.js'
import { datasetKey, WorkingSet, type Changes } from '../../domain/working-set.js'
import type { DatasetStore, ListRequest, Listing, PoolUsage } from '../dataset-store.js'
import type { MemoryDatabase } from './memory-database.js'
import { MemoryOutbox } from './memory-outbox.js'

/** Keeps datasets in memory; every promise of the port but the one about durability. */
export class MemoryDatasetStore implements DatasetStore {
  readonly lanes = 1

  constructor(
    private readonly database: MemoryDatabase,
    private readonly outbox: MemoryOutbox = new MemoryOutbox(database),
  ) {}

  // eslint-disable-next-line @typescript-eslint/require-await -- a store answers later, also when it need not
  async commit(writes: readonly DatasetWrite[], limits: Limits): Promise<readonly WriteOutcome[]> {
    const judge = judgeWithin(limits)
    const { identities, pools, datasets, markers } = this.database
    const active = [...identities].filter(([, { pool, disabledAt }]) => disabledAt === null && pools.has(pool))
    const working = new WorkingSet({
      epochBase: this.database.epochBase,
      pools: new Map(active.map(([identity, { pool }]) => [identity, pool])),
      targets: new Map([...pools].flatMap(([pool, { streamTarget }]) => (streamTarget ? [[pool, streamTarget]] : []))),
      datasets,
      records: this.heldRecords(writes),
      markers,
    })
    const outcomes = writes.map((write) => judge(write, working))
    const changes = working.changes()
    this.outbox.insert(changes.streamed)
    this.store(changes)
    return outcomes
  }

  read({ identity, dataset }: DatasetPath): Promise<Dataset> {
    return Promise.resolve(this.database.datasets.get(identity)?.get(dataset) ?? absentDataset(dataset))
  }

  readSeveral(identity: IdentityId, names: readonly DatasetName[]): Promise<readonly Dataset[]> {
    const byName = this.database.datasets.get(identity)
    return Promise.resolve(names.map((name) => byName?.get(name) ?? absentDataset(name)))
  }

  async list(path: DatasetPath, { after, through, limit }: ListRequest): Promise<Listing> {
    const dataset = await this.read(path)
    const upper = through ?? dataset.syncCount
    const inRange = [...(this.database.records.get(datasetKey(path))?.values() ?? [])]
      .filter((record) => record.syncCount <= upper && isAfter(record, after))
      .sort((a, b) => a.syncCount - b.syncCount || byCodePoint(a.key, b.key))
    const mergedNames = [...(this.database.datasets.get(path.identity)?.values() ?? [])]
      .filter(({ name, exists }) => exists && isMergedFrom(name, path.dataset))
      .map(({ name }) => name)
      .sort(byCodePoint)
    return { dataset, mergedNames, records: inRange.slice(0, limit), remaining: Math.max(0, inRange.length - limit) }
  }

  hasMarker(_identity: IdentityId, id: string): Promise<boolean> {
    return Promise.resolve(this.database.markers.has(id))
  }

  listDatasets(identity: IdentityId, page: Readonly<{ after: string; limit: number }>): Promise<readonly Dataset[]> {
    const listed = this.existing(identity)
      .filter(({ name }) => byCodePoint(name, page.after) > 0)
      .sort((a, b) => byCodePoint(a.name, b.name))
    return Promise.resolve(listed.slice(0, page.limit))
  }

  identityUsage(identity: IdentityId): Promise<Readonly<{ usage: Usage; modifiedAt: number }>> {
    const usage = this.existing(identity).map(usageOf).reduce(sumUsage, NO_USAGE)
    const times = [...(this.database.datasets.get(identity)?.values() ?? [])].map(({ modifiedAt }) => modifiedAt)
    return Promise.resolve({ usage, modifiedAt: Math.max(0, ...times) })
  }

  poolUsage(pool: IdentityPoolId): Promise<PoolUsage> {
    const known = this.database.usage.get(pool) ?? { usage: NO_USAGE, syncSessions: 0, modifiedAt: 0 }
    return Promise.resolve({ pool, ...known })
  }

  addSyncSessions(opened: ReadonlyMap<IdentityPoolId, number>): Promise<void> {
    for (const [pool, count] of opened) this.addUsage(pool, { usage: NO_USAGE, syncSessions: count, at: 0 })
    return Promise.resolve()
  }

  collectTombstones({ before, limit }: Readonly<{ before: number; limit: number }>): Promise<number> {
    let collected = 0
    for (const [identity, byName] of this.database.datasets) {
      for (const [name, dataset] of byName) {
        const records = this.database.records.get(datasetKey({ identity, dataset: name }))
        let through: SyncCount = dataset.collectedThrough
        for (const record of records?.values() ?? []) {
          if (collected === limit || record.value !== null || record.modifiedAt >= before) continue
          records?.delete(record.key)
          if (record.syncCount > through) through = record.syncCount
          collected++
        }
        byName.set(name, { ...dataset, collectedThrough: through })
      }
    }
    return Promise.resolve(collected)
  }

  forgetMarkers({ below, limit }: Readonly<{ below: string; limit: number }>): Promise<number> {
    const { markers } = this.database
    const old = [...markers.keys()].filter((id) => id < below && id < DEVICE_MARKERS_FROM).sort(byCodePoint)
    for (const id of old.slice(0, limit)) markers.delete(id)
    return Promise.resolve(Math.min(limit, old.length))
  }

  forgetDeviceMarkers({ before, limit }: Readonly<{ before: number; limit: number }>): Promise<number> {
    const { markers } = this.database
    const old = [...markers.values()].filter(({ id, at }) => id >= DEVICE_MARKERS_FROM && at < before)
    old.sort((a, b) => a.at - b.at || byCodePoint(a.id, b.id))
    for (const { id } of old.slice(0, limit)) markers.delete(id)
    return Promise.resolve(Math.min(limit, old.length))
  }

  purge(limit: number): Promise<number> {
    const { doomedPools, doomedIdentities, identities, logins, usage } = this.database
    let purged = 0
    for (const pool of doomedPools) {
      for (const [identity, { pool: of }] of identities) {
        if (of !== pool) continue
        if (purged >= limit) return Promise.resolve(purged)
        identities.delete(identity)
        doomedIdentities.set(identity, pool)
        purged++
      }
      logins.splice(0, logins.length, ...logins.filter((login) => login.pool !== pool))
      this.database.bulkPublishes.delete(pool)
      doomedPools.delete(pool)
      purged++
    }
    for (const [identity, pool] of doomedIdentities) {
      if (purged >= limit) break
      const { from, to } = deviceMarkersOf(identity)
      for (const id of this.database.markers.keys()) {
        if (id < from || id >= to) continue
        if (purged >= limit) return Promise.resolve(purged)
        this.database.markers.delete(id)
        purged++
      }
      const held = this.existing(identity).map(usageOf).reduce(sumUsage, NO_USAGE)
      this.addUsage(pool, { usage: subtractUsage(NO_USAGE, held), syncSessions: 0, at: 0 })
      for (const name of this.database.datasets.get(identity)?.keys() ?? []) {
        this.database.records.delete(datasetKey({ identity, dataset: name }))
        purged++
      }
      this.database.datasets.delete(identity)
      doomedIdentities.delete(identity)
      if (!this.database.pools.has(pool)) usage.delete(pool)
      purged++
    }
    return Promise.resolve(purged)
  }

  beginEpoch(at: number): Promise<number> {
    let begun = 0
    this.database.epochBase = epochAfter(this.database.epochBase, at)
    for (const byName of this.database.datasets.values()) {
      for (const [name, dataset] of byName) byName.set(name, { ...dataset, epoch: epochAfter(dataset.epoch, at) })
      begun += byName.size
    }
    return Promise.resolve(begun)
  }

  private existing(identity: IdentityId): Dataset[] {
    return [...(this.database.datasets.get(identity)?.values() ?? [])].filter(({ exists }) => exists)
  }

  private heldRecords(writes: readonly DatasetWrite[]): Map<string, Map<RecordKey, HeldRecord>> {
    const held = new Map<string, Map<RecordKey, HeldRecord>>()
    for (const { path } of writes) {
      const records = this.database.records.get(datasetKey(path))
      if (records !== undefined) held.set(datasetKey(path), new Map([...records].map(([key, it]) => [key, heldOf(it)])))
    }
    return held
  }

  private store({ cleared, datasets, records, markers, usage }: Changes): void {
    for (const path of cleared) this.database.records.delete(datasetKey(path))
    for (const { path, dataset } of datasets) {
      const byName = this.database.datasets.get(path.identity) ?? new Map<DatasetName, Dataset>()
      this.database.datasets.set(path.identity, byName.set(path.dataset, dataset))
    }
    for (const { path, record } of records) {
      const byKey = this.database.records.get(datasetKey(path)) ?? new Map<RecordKey, SyncRecord>()
      this.database.records.set(datasetKey(path), byKey.set(record.key, record))
    }
    for (const { marker } of markers) this.database.markers.set(marker.id, marker)
    for (const [pool, { usage: delta, at }] of usage) this.addUsage(pool, { usage: delta, syncSessions: 0, at })
  }

  private addUsage(pool: IdentityPoolId, more: Readonly<{ usage: Usage; syncSessions: number; at: number }>): void {
    const known = this.database.usage.get(pool) ?? { usage: NO_USAGE, syncSessions: 0, modifiedAt: 0 }
    this.database.usage.set(pool, {
      usage: sumUsage(known.usage, more.usage),
      syncSessions: known.syncSessions + more.syncSessions,
      modifiedAt: Math.max(known.modifiedAt, more.at),
    })
  }
}

const heldOf = ({ syncCount, value }: SyncRecord): HeldRecord => ({
  syncCount,
  valueBytes: value === null ? null : byteSize(value),
})

const isAfter = (record: SyncRecord, { syncCount, key }: ListRequest['after']): boolean =>
  record.syncCount > syncCount || (record.syncCount === syncCount && key !== null && byCodePoint(record.key, key) > 0)
