import type { DatasetName, IdentityId, RecordKey, SyncCount } from '@satchel/protocol'
import type { Commit, DatasetViewed, DeviceView } from '../history.js'

/** The one identity of histories that are made up to be judged, and its dataset. */
export const me = 'us-east-1:me' as IdentityId
export const prefs = 'prefs' as DatasetName

type Patched = readonly [key: string, value: string | null, base: number]

/** An update that the server stored, as its log has it. */
export const commit = (count: number, patches: readonly Patched[], more: Partial<Commit> = {}): Commit => ({
  identity: me,
  dataset: prefs,
  kind: 'update',
  epoch: 1,
  count: count as SyncCount,
  at: 0,
  by: 'phone',
  batch: `batch ${count}`,
  patches: patches.map(([key, value, base]) => {
    const common = { key: key as RecordKey, base: base as SyncCount, deviceModifiedAt: null }
    return value === null ? { op: 'remove', ...common } : { op: 'replace', value, ...common }
  }),
  ...more,
})

/** The deletion of the dataset. */
export const deletion = (count: number): Commit => commit(count, [], { kind: 'delete', batch: null })

const viewed = (more: Partial<DatasetViewed> = {}): DatasetViewed => ({
  dataset: 'prefs',
  syncCount: 1,
  shown: [],
  pending: [],
  conflicts: [],
  parked: [],
  ...more,
})

/** What a tab shows of the dataset; where nothing is said it is live and shows nothing. */
export const view = (dataset: Partial<DatasetViewed> = {}, more: Partial<DeviceView> = {}): DeviceView => ({
  device: 'phone',
  tab: 't1',
  identity: me,
  status: 'live',
  reason: '',
  datasets: [viewed(dataset)],
  ...more,
})
