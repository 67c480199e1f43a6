import type { IdentityId } from '@satchel/protocol'
import { SHARDS, type PlacedOutboxRow } from '../domain/outbox-row.js'
import { streamPlace } from '../domain/stream-place.js'
import { IDENTITY, path, replace } from '../domain/testing/a-dataset.js'
import type { UnpublishedPage } from './outbox-store.js'
import { aTarget, type OpenStreamStores, type StreamHarness } from './testing/stream-harness.js'

const ALL = { limit: 1_000, bytesMax: Infinity }
const { shard: SHARD } = streamPlace(IDENTITY, aTarget().partitions)
const NAMES = [`shard-${SHARD}`]

/** What every adapter of {@link OutboxStore} must do with what is in the outbox; how it gets there: `dataset-store.streamed-writes.contract.ts`. */
export function outboxStoreContract(open: OpenStreamStores): void {
  let harness: StreamHarness

  beforeEach(async () => {
    harness = await open()
    await harness.setTarget(aTarget())
  })
  afterEach(() => harness.close())

  const unpublished = async (page = ALL, shard = SHARD) =>
    (await harness.stores.outbox.unpublished([shard], page)).map(({ seq }) => seq)
  const take = async (holder = 'relay', now = 0) =>
    (await harness.stores.leases.take({ names: NAMES, holder, now, until: now + 1_000 }))[0]!
  const publish = async (...seqs: number[]) =>
    harness.stores.outbox.markPublished({ shard: SHARD, lease: await take(), seqs, now: 1 })

  test('[V5] unpublished rows come by place, of their shard only, as many as fit', async () => {
    await harness.write(3)
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
    await harness.write(4)
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
    await harness.write(4)
    expect(await publish(1, 3, 99)).toBe(true)
    expect(await unpublished()).toEqual([2, 4])
    expect(await harness.rows()).toHaveLength(4)
    expect(await harness.stores.changeLog.unpublishedSeqs({ after: 2, limit: 9 })).toEqual([4])
    expect(await harness.stores.outbox.backlog()).toEqual({ rows: 2, oldestAt: 1_001 })
  })

  test('[V5] rows of another shard are not marked by this one', async () => {
    await harness.write(1)
    const request = { shard: (SHARD + 1) % SHARDS, lease: await take(), seqs: [1], now: 1 }
    expect(await harness.stores.outbox.markPublished(request)).toBe(true)
    expect(await unpublished()).toEqual([1])
  })

  test('[V7] a relay whose lease was taken over, has ended or was released marks nothing', async () => {
    await harness.write(1)
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
    await harness.write(2)
    await harness.setTarget(aTarget({ streamName: 'other' }))
    await harness.write(2, path(), 2)
    await harness.setTarget(aTarget())
    await harness.write(1, path(), 4)
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
    await harness.write(5)
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
    await harness.write(1, path(), 5)
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
    await harness.write(1)
    const { id } = (await harness.rows())[0]!
    const linked = { id, records: '[]', createdAt: 1_000 }
    await harness.stores.outbox.addLinkedRecords({ ...linked, createdAt: 5_000 })
    await harness.stores.outbox.addLinkedRecords(linked)
    await publish(1)
    expect(await harness.stores.outbox.prune({ before: 4_000, limit: 9 })).toBe(1)
    expect(await harness.stores.outbox.linkedRecords(id)).toBe('[]')
  })
}
