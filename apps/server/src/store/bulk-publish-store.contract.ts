import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { streamPlace } from '../domain/stream-place.js'
import type { StreamTarget } from '../domain/stream-target.js'
import { IDENTITY, OTHER_POOL, path, POOL, remove, replace } from '../domain/testing/a-dataset.js'
import { aTarget, type OpenStreamStores, type StreamHarness } from './testing/stream-harness.js'

/** What every adapter of {@link BulkPublishStore} must do. */
export function bulkPublishStoreContract(open: OpenStreamStores): void {
  let harness: StreamHarness
  beforeEach(async () => {
    harness = await open()
  })
  afterEach(() => harness.close())

  const begin = (at: number, unlessCompletedAfter = at - 100) =>
    harness.stores.bulkPublishes.begin({ pool: POOL, at, unlessCompletedAfter })
  const advance = (over: Partial<{ target: StreamTarget; datasetsMax: number; bytesMax: number }> = {}) =>
    harness.stores.bulkPublishes.advance({
      pool: POOL,
      target: aTarget(),
      at: 9_000,
      datasetsMax: 10,
      bytesMax: 1_000_000,
      ...over,
    })
  const end = (at: number, failure: string | null = null) =>
    harness.stores.bulkPublishes.end({ pool: POOL, at, failure })
  const find = () => harness.stores.bulkPublishes.find(POOL)
  const snapshots = async () =>
    (await harness.rows()).filter(({ type }) => type === 'snapshot').map(({ dataset }) => dataset)
  const write = (...names: string[]) =>
    harness.commit(names.map((name) => harness.update([replace('a', 'value')], path(name))))

  test('[V14] one that begins is in progress, until it is ended; a second does not begin beside it', async () => {
    expect(await find()).toBeNull()
    const bulk = {
      pool: POOL,
      status: 'IN_PROGRESS',
      startedAt: 500,
      completedAt: null,
      failure: null,
      after: null,
      datasets: 0,
      complete: false,
      lastSeq: 0,
    }
    expect(await begin(500)).toEqual({ kind: 'begun', bulk })
    expect(await begin(501)).toEqual({ kind: 'in-progress' })
    expect(await harness.stores.bulkPublishes.inProgress()).toEqual([bulk])
    await end(600)
    expect(await find()).toEqual({ ...bulk, status: 'SUCCEEDED', completedAt: 600 })
    expect(await harness.stores.bulkPublishes.inProgress()).toEqual([])
    expect(await harness.stores.bulkPublishes.find(OTHER_POOL)).toBeNull()
  })

  test('[V14] after a success the next has to wait, after a failure it need not', async () => {
    await begin(500)
    await end(600)
    expect(await begin(650, 599)).toEqual({ kind: 'too-soon', completedAt: 600 })
    expect(await begin(700, 600)).toMatchObject({ kind: 'begun', bulk: { startedAt: 700, datasets: 0 } })
    await end(710, 'the topic is gone')
    expect(await find()).toMatchObject({ status: 'FAILED', failure: 'the topic is gone', completedAt: null })
    expect(await begin(711)).toMatchObject({ kind: 'begun', bulk: { failure: null } })
    await end(712)
    await end(713, 'too late')
    expect(await find()).toMatchObject({ status: 'SUCCEEDED', completedAt: 712, failure: null })
  })

  test('[V14] those in progress are listed, oldest first', async () => {
    await begin(500)
    await harness.stores.bulkPublishes.begin({ pool: OTHER_POOL, at: 400, unlessCompletedAfter: 0 })
    const pools = (await harness.stores.bulkPublishes.inProgress()).map(({ pool }) => pool)
    expect(pools).toEqual([OTHER_POOL, POOL])
  })

  test('[V15] steps put a snapshot of every existing dataset into the outbox, by identity and name', async () => {
    const later = 'us-east-1:20000000-0000-4000-8000-000000000001' as IdentityId
    await harness.addIdentity('us-east-1:15000000-0000-4000-8000-000000000001' as IdentityId)
    await harness.addIdentity(later)
    await write('b', 'a', 'gone')
    await harness.commit([
      { kind: 'delete', path: path('gone'), at: 1, by: 'me' },
      harness.update([replace('x', '1'), replace('y', '1')], path('c', later)),
      harness.update([replace('x', '2', 1), remove('y', 1)], path('c', later)),
    ])
    await begin(500)
    expect(await advance({ datasetsMax: 2 })).toMatchObject({ datasets: 2, complete: false, lastSeq: 2 })
    expect(await find()).toMatchObject({ after: { identity: IDENTITY, dataset: 'b' } })
    expect(await advance({ datasetsMax: 2 })).toMatchObject({ datasets: 3, complete: true, lastSeq: 3 })
    expect(await advance()).toMatchObject({ datasets: 3, complete: true, lastSeq: 3 })
    expect(await snapshots()).toEqual(['a', 'b', 'c'])
    const row = (await harness.rows())[2]!
    expect(row).toMatchObject({ id: `${later}/c/1/2/snapshot`, type: 'snapshot', epoch: 1, syncCount: 2, previous: 0 })
    expect(JSON.parse(row.payload)).toMatchObject({
      operation: 'replace',
      syncCount: 2,
      lastModifiedDate: 9_000,
      kinesisSyncRecords: [{ key: 'x', value: '2', syncCount: 2, op: 'replace' }],
    })
  })

  test('[V15] a step ends with the dataset whose records pass the bytes', async () => {
    await write('a', 'b', 'c')
    await begin(500)
    expect(await advance({ bytesMax: 6 })).toMatchObject({ datasets: 2, complete: false })
    expect(await advance({ bytesMax: 0 })).toMatchObject({ datasets: 3 })
    expect(await advance()).toMatchObject({ datasets: 3, complete: true })
    expect(await snapshots()).toEqual(['a', 'b', 'c'])
  })

  test('[V15] a snapshot tells how far the dataset streamed, and does not count as one of its changes', async () => {
    await harness.setTarget(aTarget())
    await write('a')
    await harness.setTarget(null)
    await harness.commit([harness.update([replace('a', '2', 1)], path('a'))])
    await begin(500)
    await advance()
    await harness.setTarget(aTarget())
    await harness.commit([harness.update([replace('a', '3', 2)], path('a'))])
    expect((await harness.rows()).map((row) => [row.type, row.previousEpoch, row.previous, row.syncCount])).toEqual([
      ['change', 0, 0, 1],
      ['snapshot', 1, 1, 2],
      ['change', 1, 1, 3],
    ])
  })

  test('[V15] in another topic a snapshot names no change before it, and neither does the first change behind it', async () => {
    await harness.setTarget(aTarget())
    await write('a')
    const target = aTarget({ streamName: 'other', begun: 2 })
    await harness.setTarget(target)
    await begin(500)
    await advance({ target })
    await harness.commit([harness.update([replace('a', '2', 1)], path('a'))])
    await end(600)
    await begin(700)
    await advance({ target })
    expect((await harness.rows()).map((row) => [row.type, row.previousEpoch, row.previous, row.syncCount])).toEqual([
      ['change', 0, 0, 1],
      ['snapshot', 0, 0, 1],
      ['change', 0, 0, 2],
      ['snapshot', 1, 2, 2],
    ])
  })

  test('[V15] nothing happens in a pool where none is in progress', async () => {
    await write('a')
    expect(await advance()).toBeNull()
    await begin(500)
    await end(600)
    expect(await advance()).toBeNull()
    expect(await harness.rows()).toEqual([])
  })

  test('[V16] its rows that wait are counted, whatever else does', async () => {
    await harness.setTarget(aTarget())
    await write('a', 'b')
    await begin(500)
    expect(await harness.stores.bulkPublishes.unpublishedRows(POOL)).toBe(0)
    await advance()
    await harness.commit([harness.update([replace('a', '2', 1)], path('a'))])
    expect(await harness.stores.bulkPublishes.unpublishedRows(POOL)).toBe(2)
    expect(await harness.stores.bulkPublishes.unpublishedRows(OTHER_POOL)).toBe(0)
    const { shard } = streamPlace(IDENTITY, 1)
    const [lease] = await harness.stores.leases.take({ names: [`shard-${shard}`], holder: 'me', now: 0, until: 9 })
    await harness.stores.outbox.markPublished({ shard, lease: lease!, seqs: [1, 2, 3], now: 1 })
    expect(await harness.stores.bulkPublishes.unpublishedRows(POOL)).toBe(1)
  })

  test('[V17] what is left of a deleted pool’s bulk publish goes with it', async () => {
    await begin(500)
    await harness.stores.pools.delete(POOL, 600)
    while ((await harness.stores.datasets.purge(100)) > 0);
    expect(await find()).toBeNull()
    expect(await harness.stores.datasets.commit([harness.update([replace('a', '1')])], AWS_LIMITS)).toEqual([
      { kind: 'no-identity' },
    ])
  })
}
