import type { IdentityId } from '@satchel/protocol'
import { count, IDENTITY, OTHER_IDENTITY, OTHER_POOL, path, POOL, replace } from '../domain/testing/a-dataset.js'
import { aTarget, type OpenStreamStores, type StreamHarness } from './testing/stream-harness.js'

/** What every adapter of {@link ChangeLog} must do. */
export function changeLogContract(open: OpenStreamStores): void {
  let harness: StreamHarness
  beforeEach(async () => {
    harness = await open()
    await harness.setTarget(aTarget())
    await harness.setTarget(aTarget({ streamName: 'other' }), OTHER_POOL)
  })
  afterEach(() => harness.close())

  const write = (name: string, base = 0, identity: IdentityId = IDENTITY, pool = POOL) =>
    harness.commit([harness.update([replace('a', 'v', base)], path(name, identity, pool))])

  test('[V18] datasets that streamed are listed page by page with how far they did, others are not', async () => {
    await write('b')
    await write('a')
    await write('a', 1)
    await write('c', 0, OTHER_IDENTITY, OTHER_POOL)
    await harness.setTarget(null)
    await write('never')
    await write('b', 1)
    const { changeLog } = harness.stores
    const first = await changeLog.streamedDatasets({ after: null, limit: 2 })
    const common = { pool: POOL, identity: IDENTITY, epoch: 1, syncCount: 2, streamedEpoch: 1, streamBegun: 1 }
    expect(first).toEqual([
      { ...common, dataset: 'a', streamedThrough: 2 },
      { ...common, dataset: 'b', streamedThrough: 1 },
    ])
    expect(await changeLog.streamedDatasets({ after: first[1]!, limit: 2 })).toMatchObject([
      { pool: OTHER_POOL, identity: OTHER_IDENTITY, dataset: 'c' },
    ])
    const between = { identity: IDENTITY, dataset: 'aa' as never }
    expect(await changeLog.streamedDatasets({ after: between, limit: 1 })).toMatchObject([{ dataset: 'b' }])
  })

  test('[V18] a dataset that streamed is listed with the epoch and the stream of its newest change, whatever came since', async () => {
    await write('a')
    await harness.setTarget(aTarget({ streamName: 'other', begun: 7 }))
    await write('a', 1)
    await harness.setTarget(aTarget({ streamName: 'third', begun: 8 }))
    await harness.stores.datasets.beginEpoch(5_000)
    expect(await harness.stores.changeLog.streamedDatasets({ after: null, limit: 2 })).toEqual([
      {
        ...{ pool: POOL, identity: IDENTITY, dataset: 'a', epoch: 5_000, syncCount: 2 },
        ...{ streamedEpoch: 1, streamedThrough: 2, streamBegun: 7 },
      },
    ])
  })

  test('[V18] rows come by place, published or not, page by page', async () => {
    expect(await harness.stores.changeLog.newestSeq()).toBe(0)
    for (const base of [0, 1, 2]) await write('a', base)
    const { changeLog } = harness.stores
    expect(await changeLog.newestSeq()).toBe(3)
    const first = await changeLog.rows({ after: 0, limit: 2 })
    expect(first.map(({ syncCount }) => syncCount)).toEqual([1, 2])
    const second = await changeLog.rows({ after: first[1]!.seq, limit: 2 })
    expect(second.map(({ syncCount }) => syncCount)).toEqual([3])
    const bytes = first.reduce((sum, { payload }) => sum + payload.length, 0)
    const places = async (bytesMax: number) =>
      (await changeLog.rows({ after: 0, limit: 9, bytesMax })).map(({ syncCount }) => syncCount)
    expect([await places(0), await places(bytes - 1), await places(bytes)]).toEqual([[1], [1], [1, 2]])
    expect(await changeLog.unpublishedSeqs({ after: 0, limit: 2 })).toEqual([1, 2])
    expect(await changeLog.unpublishedSeqs({ after: 2, limit: 2 })).toEqual([3])
  })

  test('[V18] a dataset’s changes come by count from one on, without snapshots and other datasets', async () => {
    for (const base of [0, 1, 2]) await write('a', base)
    await write('b')
    await write('a', 0, OTHER_IDENTITY, OTHER_POOL)
    await harness.stores.bulkPublishes.begin({ pool: POOL, at: 1, unlessCompletedAfter: 0 })
    const step = { pool: POOL, target: aTarget(), at: 1, datasetsMax: 9, bytesMax: 999 }
    await harness.stores.bulkPublishes.advance(step)
    const { dataset } = path('a')
    const rowsOf = async (from: number, limit: number) =>
      (await harness.stores.changeLog.rowsOf({ identity: IDENTITY, dataset }, { from: count(from), limit })).map(
        ({ syncCount }) => syncCount,
      )
    expect(await rowsOf(2, 9)).toEqual([2, 3])
    expect(await rowsOf(0, 2)).toEqual([1, 2])
  })
}
