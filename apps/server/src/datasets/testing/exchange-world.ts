import {
  type Batch,
  type Changes,
  type DatasetAnswer,
  type DatasetExchange,
  type DatasetName,
  type DeviceId,
  type Limits,
  type SyncAnswer,
} from '@satchel/protocol'
import { count, IDENTITY, path, POOL } from '../../domain/testing/a-dataset.js'
import type { DatasetStore } from '../../store/dataset-store.js'
import type { StoreHarness } from '../../store/testing/store-harness.js'
import type { AnswerBounds } from '../answer-room.js'
import type { CommittedChange } from '../commit-feed.js'
import { Exchange } from '../exchange.js'
import { datasetsWorld } from './datasets-world.js'

export const WHO = { pool: POOL, identity: IDENTITY }
export const PHONE = 'phone' as DeviceId
export const TABLET = 'tablet' as DeviceId

export type WorldOptions = Readonly<{ limits?: Limits; bounds?: AnswerBounds }>

/** Both faces' operations over one store, and a device that says what a test wants it to. */
export async function exchangeWorld(harness: StoreHarness, options: WorldOptions = {}) {
  const { clock, seal, feed, writes, datasets, groups, failures } = await datasetsWorld(harness, options.limits)
  const store = countingReads(harness.store)
  const { bounds } = options
  const exchange = new Exchange({
    store: store.store,
    writes,
    seal,
    clock,
    ...(bounds === undefined ? {} : { bounds }),
  })

  const sync = (asked: readonly DatasetExchange[], device = PHONE): Promise<SyncAnswer> =>
    exchange.sync(WHO, { device, datasets: asked })
  /** One dataset, asked and answered. */
  const ask = async (over: Partial<DatasetExchange> = {}, device = PHONE): Promise<DatasetAnswer> => {
    const { datasets: answers } = await sync([asking(over)], device)
    return answers[0]!
  }
  const push = (number: number, patches: Batch, over: Partial<DatasetExchange> = {}, device = PHONE) =>
    ask({ ...over, batch: { number, patches } }, device)
  /** An update through a sync session, as the AWS face does it. */
  const awsUpdate = async (batch: Batch, name = 'settings') => {
    const listing = await datasets.listRecords(path(name), {
      since: count(0),
      limit: 1,
      nextToken: null,
      sessionToken: null,
    })
    if (listing.kind !== 'listed') throw new Error(`listing was answered ${listing.kind}`)
    return datasets.update(path(name), { batch, sessionToken: listing.sessionToken, device: null, by: 'aws' })
  }
  const awsDelete = (name = 'settings') => datasets.delete(path(name), 'aws')
  const told: CommittedChange[] = []
  const listen = () => feed.watch(IDENTITY, (change) => told.push(change))
  const { reads } = store
  return {
    ...{ harness, clock, seal, feed, writes, exchange, datasets, groups, failures, reads, told },
    ...{ sync, ask, push, awsUpdate, awsDelete, listen },
  }
}

export type ExchangeWorld = Awaited<ReturnType<typeof exchangeWorld>>

export const asking = (over: Partial<DatasetExchange> = {}): DatasetExchange => ({
  dataset: 'settings' as DatasetName,
  epoch: 0,
  since: count(0),
  page: null,
  batch: null,
  ...over,
})

export const named = (name: string) => ({ dataset: name as DatasetName })

/** Where a device stands. */
export const at = (epoch: number, since: number) => ({ epoch, since: count(since) })

/** Keys and values of changes, tombstones as null. */
export const pairs = (changes: Changes | null) => changes?.records.map(({ key, value }) => [key, value])

/** The same store, counting what is read. */
function countingReads(store: DatasetStore) {
  const reads: string[] = []
  const counting = new Proxy(store, {
    get: (target, name) => {
      const member = Reflect.get(target, name) as unknown
      if (typeof member !== 'function') return member
      return (...given: unknown[]): unknown => {
        if (name === 'list' || name === 'readSeveral') reads.push(name)
        return Reflect.apply(member, target, given)
      }
    },
  })
  return { store: counting, reads }
}
