import { AWS_LIMITS, type Batch, type DatasetPath, type DeviceId } from '@satchel/protocol'
import { deviceMarkerId } from '../../domain/batch-marker.js'
import type { DatasetWrite, WriteOutcome } from '../../domain/dataset-write.js'
import { count, IDENTITY, OTHER_IDENTITY, path, POOL } from '../../domain/testing/a-dataset.js'
import type { ListRequest } from '../dataset-store.js'
import type { StoreHarness } from './store-harness.js'

export const PHONE = 'phone' as DeviceId

const ALL: ListRequest = { after: { syncCount: count(0), key: null }, through: null, limit: 10_000 }

export type FreshDatasets = ReturnType<typeof freshDatasets>

/** Opens a store with two identities in one pool for every test, and closes it after; short words for what tests do with it. */
export function freshDatasets(open: () => Promise<StoreHarness>) {
  let harness: StoreHarness
  let sessions = 0

  beforeEach(async () => {
    harness = await open()
    await harness.addPool(POOL)
    await harness.addIdentity(IDENTITY, POOL)
    await harness.addIdentity(OTHER_IDENTITY, POOL)
  })
  afterEach(() => harness.close())

  /** A batch in a sync session of its own. */
  const update = (batch: Batch, where: DatasetPath = path(), over: Partial<DatasetWrite> = {}): DatasetWrite => ({
    kind: 'update',
    path: where,
    batch,
    origin: { id: `s${sessions++}`, number: 0, hash: 'h' },
    device: null,
    at: 1_000,
    by: 'me',
    ...over,
  })
  /** A batch that a device has numbered. */
  const numbered = (number: number, batch: Batch, over: Partial<DatasetWrite & { device: DeviceId }> = {}) => {
    const where = over.path ?? path()
    const device = over.device ?? PHONE
    const origin = { id: deviceMarkerId(where, device), number, hash: `h${number}` }
    return update(batch, where, { origin, device, by: device, ...over })
  }
  const deletion = (name?: string): DatasetWrite => ({ kind: 'delete', path: path(name), at: 2_000, by: 'me' })
  const commit = (writes: DatasetWrite[], limits = AWS_LIMITS): Promise<readonly WriteOutcome[]> =>
    harness.store.commit(writes, limits)
  /** Commits one batch alone. */
  const write = async (...batch: Batch): Promise<WriteOutcome> => (await commit([update(batch)]))[0]!
  const list = (request: Partial<ListRequest> = {}, where = path()) => harness.store.list(where, { ...ALL, ...request })
  /** Keys and values, tombstones as null. */
  const held = async (where = path()) => (await list({}, where)).records.map(({ key, value }) => [key, value])

  return {
    get harness() {
      return harness
    },
    get store() {
      return harness.store
    },
    /** As after a restart. */
    async reopen() {
      harness = await harness.reopen()
    },
    ...{ update, numbered, deletion, commit, write, list, held },
  }
}
