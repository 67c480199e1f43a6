import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { openRecordsLink, RECORDS_LINK_PATH } from '../access/records-link.js'
import { Seal } from '../access/seal.js'
import { SHARDS, type PlacedOutboxRow } from '../domain/outbox-row.js'
import { streamPlace } from '../domain/stream-place.js'
import { IDENTITY, OTHER_IDENTITY, OTHER_POOL, path, remove, replace } from '../domain/testing/a-dataset.js'
import type { UnpublishedPage } from './outbox-store.js'
import { aTarget, type OpenStreamStores, type StreamHarness } from './testing/stream-harness.js'

const ALL = { limit: 1_000, bytesMax: Infinity }
const { shard: SHARD, partition: PARTITION } = streamPlace(IDENTITY, aTarget().partitions)
const NAMES = [`shard-${SHARD}`]

/** What every adapter of {@link OutboxStore} must do, and every {@link DatasetStore} about the outbox. */
export function outboxStoreContract(open: OpenStreamStores): void {
  let harness: StreamHarness

  beforeEach(async () => {
    harness = await open()
    await harness.setTarget(aTarget())
  })
  afterEach(() => harness.close())

  const unpublished = async (page = ALL, shard = SHARD) =>
    (await harness.stores.outbox.unpublished([shard], page)).map(({ seq }) => seq)
  /** Writes so many updates of one key, one group each. */
  const write = async (times: number, where = path(), from = 0) => {
    for (let base = from; base < from + times; base++) {
      await harness.commit([harness.update([replace('a', `v${base}`, base)], where, 1_000 + base)])
    }
  }
  const take = async (holder = 'relay', now = 0) =>
    (await harness.stores.leases.take({ names: NAMES, holder, now, until: now + 1_000 }))[0]!
  const publish = async (...seqs: number[]) =>
    harness.stores.outbox.markPublished({ shard: SHARD, lease: await take(), seqs, now: 1 })

  /** Stream, the change before, and the change itself, of each row. */
  const chain = async () =>
    (await harness.rows()).map((row) => [row.streamName, row.previousEpoch, row.previous, row.epoch, row.syncCount])

  test('[V1] an accepted write is in the outbox with all that its message takes', async () => {
    await write(2)
    const rows = await harness.rows()
    const place = { streamName: 'changes', partition: PARTITION, shard: SHARD }
    const common = { identity: IDENTITY, dataset: 'settings', type: 'change', ...place }
    expect(rows).toMatchObject([
      { seq: 1, id: `${IDENTITY}/settings/1/1`, ...common, epoch: 1, syncCount: 1, previousEpoch: 0, previous: 0 },
      { seq: 2, id: `${IDENTITY}/settings/1/2`, ...common, epoch: 1, syncCount: 2, previousEpoch: 1, previous: 1 },
    ])
    expect(JSON.parse(rows[1]!.payload)).toMatchObject({ datasetName: 'settings', syncCount: 2, payloadType: 'Inline' })
    expect(rows[1]).toMatchObject({ pool: path().pool, createdAt: 1_001 })
    expect(await unpublished()).toEqual([1, 2])
  })

  test('[V1] several changes of a dataset in one group go in one by one, in order, a deletion among them', async () => {
    await harness.commit([
      harness.update([replace('a', '1')]),
      harness.update([replace('a', '2', 1), replace('b', '1')]),
      { kind: 'delete', path: path(), at: 1_000, by: 'me' },
      harness.update([replace('a', '3', 0)]),
    ])
    expect(await harness.rows()).toMatchObject([
      { syncCount: 1, previous: 0, previousEpoch: 0, epoch: 1 },
      { syncCount: 2, previous: 1, previousEpoch: 1, epoch: 1 },
      {
        syncCount: 3,
        previous: 2,
        previousEpoch: 1,
        epoch: 1,
        payload: expect.stringContaining('"operation":"remove"') as string,
      },
      { syncCount: 4, previous: 3, previousEpoch: 1, epoch: 2 },
    ])
    const records = (await harness.rows()).map(
      ({ payload }) => (JSON.parse(payload) as { kinesisSyncRecords: object[] }).kinesisSyncRecords.length,
    )
    expect(records).toEqual([1, 2, 0, 1])
  })

  test('[V1] a refusal, a batch sent again, and a write of a pool that does not stream put nothing in', async () => {
    const first = harness.update([replace('a', '1')])
    const outcomes = await harness.commit([
      first,
      first,
      harness.update([replace('a', 'stale', 0)]),
      harness.update([replace('a', '1')], path('settings', OTHER_IDENTITY, OTHER_POOL)),
      { kind: 'delete', path: path('nothing'), at: 1_000, by: 'me' },
    ])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['accepted', 'repeated', 'stale', 'accepted', 'missing'])
    expect(await harness.rows()).toMatchObject([{ syncCount: 1, identity: IDENTITY }])
  })

  test('[V2] a dataset remembers how far it streamed, and what was written while the stream was off shows as a gap in the counts alone', async () => {
    await write(2)
    await harness.setTarget(null)
    await write(3, path(), 2)
    const streamed = { streamedEpoch: 1, streamedThrough: 2, streamBegun: 1 }
    expect(await harness.stores.datasets.read(path())).toMatchObject({ syncCount: 5, ...streamed })
    await harness.setTarget(aTarget())
    const [outcome] = await harness.commit([harness.update([remove('a', 5)])])
    expect(outcome).toMatchObject({ kind: 'accepted', dataset: { syncCount: 6, streamedThrough: 6 } })
    expect(await chain()).toEqual([
      ['changes', 0, 0, 1, 1],
      ['changes', 1, 1, 1, 2],
      ['changes', 1, 2, 1, 6],
    ])
  })

  test('[V2] in another topic the chain begins anew, and so it does back in the first', async () => {
    await write(2)
    await harness.setTarget(aTarget({ streamName: 'other', begun: 2 }))
    await harness.commit([2, 3].map((base) => harness.update([replace('a', 'v', base)])))
    await harness.setTarget(aTarget({ begun: 3 }))
    await write(2, path(), 4)
    expect(await harness.stores.datasets.read(path())).toMatchObject({ streamedThrough: 6, streamBegun: 3 })
    expect(await chain()).toEqual([
      ['changes', 0, 0, 1, 1],
      ['changes', 1, 1, 1, 2],
      ['other', 0, 0, 1, 3],
      ['other', 1, 3, 1, 4],
      ['changes', 0, 0, 1, 5],
      ['changes', 1, 5, 1, 6],
    ])
  })

  test('[V2] the first change after a backup was put back names the one before it with its epoch, and no event id comes twice', async () => {
    await write(2)
    await harness.stores.datasets.beginEpoch(5_000)
    expect(await harness.stores.datasets.read(path())).toMatchObject({ epoch: 5_000, streamedEpoch: 1 })
    await write(2, path(), 2)
    expect(await chain()).toEqual([
      ['changes', 0, 0, 1, 1],
      ['changes', 1, 1, 1, 2],
      ['changes', 1, 2, 5_000, 3],
      ['changes', 5_000, 3, 5_000, 4],
    ])
    expect((await harness.rows()).map(({ id }) => id.slice(IDENTITY.length))).toEqual([
      '/settings/1/1',
      '/settings/1/2',
      '/settings/5000/3',
      '/settings/5000/4',
    ])
  })

  test('[V3] a group that is not stored leaves nothing in the outbox, and its places are not missed', async () => {
    const broken = await open({ linkKey: null })
    await broken.setTarget(aTarget({ payloadBytesMax: 500 }))
    const group = [broken.update([replace('a', '1')]), broken.update([replace('b', 'x'.repeat(500))])]
    await expect(broken.commit(group)).rejects.toThrow(/settings\/1\/2 needs a link.*without a key/)
    expect(await broken.rows()).toEqual([])
    expect(await broken.stores.datasets.read(path())).toMatchObject({ exists: false, streamedThrough: 0 })
    await broken.commit(group.slice(0, 1))
    expect(await broken.rows()).toMatchObject([{ seq: 1, syncCount: 1 }])
    await broken.close()
  })

  test('[V9] a change too large for its topic is linked, and its records are kept apart', async () => {
    await harness.setTarget(aTarget({ payloadBytesMax: 600 }))
    await harness.commit([harness.update([replace('a', 'é'.repeat(200))], path(), 5_000)])
    const [row] = await harness.rows()
    const payload = JSON.parse(row!.payload) as { kinesisSyncRecordsURL: string }
    expect(payload).toMatchObject({ payloadType: 'S3Url', syncCount: 1 })
    const token = payload.kinesisSyncRecordsURL.slice(`https://satchel.example${RECORDS_LINK_PATH}`.length)
    expect(openRecordsLink(new Seal(Buffer.alloc(32, 1)), token, 5_999)).toBe(row!.id)
    expect(JSON.parse((await harness.stores.outbox.linkedRecords(row!.id))!)).toMatchObject([
      { key: 'a', value: 'é'.repeat(200), op: 'replace' },
    ])
    expect(await harness.stores.outbox.linkedRecords(`${row!.id}0`)).toBeNull()
  })

  test('[V5] unpublished rows come by place, of their shard only, as many as fit', async () => {
    await write(3)
    const size = (await harness.rows())[0]!.payload.length
    expect(await unpublished({ limit: 2, bytesMax: Infinity })).toEqual([1, 2])
    expect(await unpublished({ limit: 9, bytesMax: 2 * size })).toEqual([1, 2])
    expect(await unpublished({ limit: 9, bytesMax: 2 * size - 1 })).toEqual([1])
    expect(await unpublished({ limit: 9, bytesMax: 0 })).toEqual([1])
    expect(await unpublished(ALL, (SHARD + 1) % SHARDS)).toEqual([])
    expect(await harness.stores.outbox.unpublished([SHARD], { limit: 1, bytesMax: 0 })).toEqual([
      (await harness.rows())[0],
    ])
  })

  test('[V5] rows of several shards come by place together; what a relay cannot use just now is left out', async () => {
    const identities = Array.from({ length: 20 }, (_, n) => `us-east-1:${n}` as IdentityId)
    for (const identity of identities) await harness.addIdentity(identity)
    for (const [n, identity] of identities.entries()) {
      await harness.setTarget(aTarget({ streamName: n % 2 === 0 ? 'changes' : 'other' }))
      await harness.commit([harness.update([replace('a', '1')], path('one', identity))])
    }
    const read = async (shards: readonly number[], page: UnpublishedPage = ALL) =>
      (await harness.stores.outbox.unpublished(shards, page)).map(({ seq }) => seq)
    const rows = await harness.rows()
    const seqsOf = (wanted: (row: PlacedOutboxRow) => boolean) => rows.filter(wanted).map(({ seq }) => seq)
    expect(await read([0, 1, 2, 3, 4, 5, 6, 7])).toEqual(seqsOf(() => true))
    expect(await read([SHARD, 0, 7])).toEqual(seqsOf(({ shard }) => [SHARD, 0, 7].includes(shard)))
    expect(await read([])).toEqual([])
    const all = Array.from({ length: SHARDS }, (_, shard) => shard)
    expect(await read(all, { ...ALL, limit: 3, without: { seqs: [1, 2, 4], streams: [] } })).toEqual([3, 5, 6])
    expect(await read(all, { ...ALL, without: { seqs: [2], streams: ['changes'] } })).toEqual(
      seqsOf(({ seq, streamName }) => streamName === 'other' && seq !== 2),
    )
  })

  test('[V5] rows are marked by their place and stream too, and marks that are asked for together are all made', async () => {
    await write(4)
    const lease = await take()
    const mark = (seqs: readonly number[], streamNames: readonly string[], shard = SHARD) =>
      harness.stores.outbox.markPublished({ shard, lease, seqs, streamNames, now: 1 })
    const marked = await Promise.all([
      mark([1, 99], ['changes', 'changes']),
      mark([3], ['changes'], (SHARD + 1) % SHARDS),
      mark([4], ['changes']),
    ])
    expect(marked).toEqual([true, true, true])
    expect(await unpublished()).toEqual([2, 3])
  })

  test('[V5] rows leave the unpublished set one by one, and stay in the log', async () => {
    await write(4)
    expect(await publish(1, 3, 99)).toBe(true)
    expect(await unpublished()).toEqual([2, 4])
    expect(await harness.rows()).toHaveLength(4)
    expect(await harness.stores.changeLog.unpublishedSeqs({ after: 2, limit: 9 })).toEqual([4])
    expect(await harness.stores.outbox.backlog()).toEqual({ rows: 2, oldestAt: 1_001 })
  })

  test('[V5] rows of another shard are not marked by this one', async () => {
    await write(1)
    const request = { shard: (SHARD + 1) % SHARDS, lease: await take(), seqs: [1], now: 1 }
    expect(await harness.stores.outbox.markPublished(request)).toBe(true)
    expect(await unpublished()).toEqual([1])
  })

  test('[V7] a relay whose lease was taken over, has ended or was released marks nothing', async () => {
    await write(1)
    const old = await take('old', 0)
    const mark = (lease: typeof old, now: number) =>
      harness.stores.outbox.markPublished({ shard: SHARD, lease, seqs: [1], now })
    expect(await mark(old, 1_000)).toBe(false)
    const taken = await take('new', 1_000)
    expect(await mark(old, 1_001)).toBe(false)
    expect(await mark({ ...taken, holder: 'old' }, 1_001)).toBe(false)
    expect(await mark({ ...taken, name: 'shard-none' }, 1_001)).toBe(false)
    expect(await unpublished()).toEqual([1])
    await harness.stores.leases.release('new')
    expect(await mark(taken, 1_001)).toBe(false)
    expect(await mark(await take('new', 1_001), 1_002)).toBe(true)
    expect(await unpublished()).toEqual([])
  })

  test('[V6] where another relay reads the outbox, no row waits, and old ones are pruned all the same', async () => {
    const other = await open({ relay: false })
    await other.setTarget(aTarget())
    await other.commit([other.update([replace('a', '1')])])
    expect(await other.rows()).toHaveLength(1)
    expect(await other.stores.outbox.backlog()).toEqual({ rows: 0, oldestAt: null })
    expect(await other.stores.outbox.unpublished([SHARD], ALL)).toEqual([])
    expect(await other.stores.outbox.prune({ before: 2_000, limit: 9 })).toBe(1)
    await other.close()
  })

  test('[V11] rows of a parked stream are set aside, those of others go on in their order', async () => {
    await write(2)
    await harness.setTarget(aTarget({ streamName: 'other' }))
    await write(2, path(), 2)
    await harness.setTarget(aTarget())
    await write(1, path(), 4)
    expect(await unpublished()).toEqual([1, 2, 3, 4, 5])
    await harness.stores.outbox.park({ streamName: 'changes', reason: 'gone', at: 7 })
    await harness.stores.outbox.park({ streamName: 'changes', reason: 'gone again', at: 8 })
    expect(await harness.stores.outbox.parked()).toEqual([{ streamName: 'changes', reason: 'gone', at: 7 }])
    expect(await unpublished()).toEqual([3, 4])
    expect(await harness.stores.outbox.backlog()).toEqual({ rows: 2, oldestAt: 1_002 })
    expect(await harness.stores.changeLog.unpublishedSeqs({ after: 0, limit: 9 })).toEqual([1, 2, 3, 4, 5])
    await harness.stores.outbox.unpark('changes')
    expect(await unpublished({ limit: 3, bytesMax: Infinity })).toEqual([1, 2, 3])
    expect(await harness.stores.outbox.parked()).toEqual([])
  })

  test('[V13] pruning removes published rows that are old, oldest first, never one that waits', async () => {
    await write(5)
    await publish(1, 3, 4, 5)
    const prune = (before: number, limit: number) => harness.stores.outbox.prune({ before, limit })
    expect(await prune(1_000, 9)).toBe(0)
    expect(await prune(1_004, 1)).toBe(1)
    expect((await harness.rows()).map(({ seq }) => seq)).toEqual([2, 3, 4, 5])
    expect(await prune(1_004, 9)).toBe(2)
    expect((await harness.rows()).map(({ seq }) => seq)).toEqual([2, 5])
    expect(await prune(1_004, 9)).toBe(0)
    await publish(2)
    expect(await prune(9_000, 9)).toBe(2)
    await write(1, path(), 5)
    expect((await harness.rows()).map(({ seq }) => seq)).toEqual([6])
  })

  test('[V13] the records behind a link go with their row', async () => {
    await harness.setTarget(aTarget({ payloadBytesMax: 500 }))
    await harness.commit([harness.update([replace('a', 'x'.repeat(600))])])
    const { id } = (await harness.rows())[0]!
    await publish(1)
    expect(await harness.stores.outbox.prune({ before: 1_001, limit: 9 })).toBe(1)
    expect(await harness.stores.outbox.linkedRecords(id)).toBeNull()
  })

  test('[V13] records that were linked again since stay for the later row', async () => {
    await write(1)
    const { id } = (await harness.rows())[0]!
    const linked = { id, records: '[]', createdAt: 1_000 }
    await harness.stores.outbox.addLinkedRecords({ ...linked, createdAt: 5_000 })
    await harness.stores.outbox.addLinkedRecords(linked)
    await publish(1)
    expect(await harness.stores.outbox.prune({ before: 4_000, limit: 9 })).toBe(1)
    expect(await harness.stores.outbox.linkedRecords(id)).toBe('[]')
  })

  test('[V4] an identity’s rows share one shard and one partition, whatever the dataset', async () => {
    const identities = Array.from({ length: 40 }, (_, n) => `us-east-1:${n}` as IdentityId)
    for (const identity of identities) await harness.addIdentity(identity)
    const writes = identities.flatMap((identity) =>
      ['one', 'two'].map((name) => harness.update([replace('a', '1')], path(name, identity))),
    )
    await harness.stores.datasets.commit(writes, AWS_LIMITS)
    const rows = await harness.rows()
    const placeOf = ({ shard, partition }: { shard: number; partition: number }) => ({ shard, partition })
    expect(rows.map(placeOf)).toEqual(rows.map(({ identity }) => placeOf(streamPlace(identity, 12))))
    expect(rows).toHaveLength(80)
    expect(new Set(rows.map(({ shard }) => shard)).size).toBe(SHARDS)
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1))
  })
}
