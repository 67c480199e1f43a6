import { AWS_LIMITS, type IdentityId } from '@satchel/protocol'
import { openRecordsLink, RECORDS_LINK_PATH } from '../access/records-link.js'
import { Keyring } from '../access/keyring.js'
import { Seal } from '../access/seal.js'
import { SHARDS } from '../domain/outbox-row.js'
import { streamPlace } from '../domain/stream-place.js'
import { IDENTITY, OTHER_IDENTITY, OTHER_POOL, path, remove, replace } from '../domain/testing/a-dataset.js'
import { aTarget, type OpenStreamStores, type StreamHarness } from './testing/stream-harness.js'

const ALL = { limit: 1_000, bytesMax: Infinity }
const { shard: SHARD, partition: PARTITION } = streamPlace(IDENTITY, aTarget().partitions)

/** What every adapter of {@link DatasetStore} must put into the outbox, with the write that it tells of. */
export function streamedWritesContract(open: OpenStreamStores): void {
  let harness: StreamHarness

  beforeEach(async () => {
    harness = await open()
    await harness.setTarget(aTarget())
  })
  afterEach(() => harness.close())

  /** Stream, the change before, and the change itself, of each row. */
  const chain = async () =>
    (await harness.rows()).map((row) => [row.streamName, row.previousEpoch, row.previous, row.epoch, row.syncCount])

  test('[V1] an accepted write is in the outbox with all that its message takes', async () => {
    await harness.write(2)
    const rows = await harness.rows()
    const place = { streamName: 'changes', partition: PARTITION, shard: SHARD }
    const common = { identity: IDENTITY, dataset: 'settings', type: 'change', ...place }
    expect(rows).toMatchObject([
      { seq: 1, id: `${IDENTITY}/settings/1/1`, ...common, epoch: 1, syncCount: 1, previousEpoch: 0, previous: 0 },
      { seq: 2, id: `${IDENTITY}/settings/1/2`, ...common, epoch: 1, syncCount: 2, previousEpoch: 1, previous: 1 },
    ])
    expect(JSON.parse(rows[1]!.payload)).toMatchObject({ datasetName: 'settings', syncCount: 2, payloadType: 'Inline' })
    expect(rows[1]).toMatchObject({ pool: path().pool, createdAt: 1_001 })
    expect((await harness.stores.outbox.unpublished([SHARD], ALL)).map(({ seq }) => seq)).toEqual([1, 2])
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
    await harness.write(2)
    await harness.setTarget(null)
    await harness.write(3, path(), 2)
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
    await harness.write(2)
    await harness.setTarget(aTarget({ streamName: 'other', begun: 2 }))
    await harness.commit([2, 3].map((base) => harness.update([replace('a', 'v', base)])))
    await harness.setTarget(aTarget({ begun: 3 }))
    await harness.write(2, path(), 4)
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
    await harness.write(2)
    await harness.stores.datasets.beginEpoch(5_000)
    expect(await harness.stores.datasets.read(path())).toMatchObject({ epoch: 5_000, streamedEpoch: 1 })
    await harness.write(2, path(), 2)
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
    expect(openRecordsLink(new Seal(new Keyring([Buffer.alloc(32, 1)])), token, 5_999)).toBe(row!.id)
    expect(JSON.parse((await harness.stores.outbox.linkedRecords(row!.id))!)).toMatchObject([
      { key: 'a', value: 'é'.repeat(200), op: 'replace' },
    ])
    expect(await harness.stores.outbox.linkedRecords(`${row!.id}0`)).toBeNull()
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
