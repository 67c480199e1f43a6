import { InvalidParameterException, ResourceConflictException } from '@aws-sdk/client-cognito-sync'
import { aGuest, datasetOf } from '../support/a-pool.js'
import { expectRefused, refusalOf } from '../support/refusal.js'
import { put, write } from '../support/sdk-records.js'
import { servedGuest } from '../support/served-guest.js'
import { ABSENT_LISTING } from '../support/wire-client.js'

const on = servedGuest()

describe('records', () => {
  test('[C1][C2] a first update makes the dataset, and all its records take count 1', async () => {
    const me = await aGuest(on.server, on.pool)
    const written = await write(me, [put('theme', 'dark'), put('font', 'mono')])
    expect(written.Records).toEqual([
      expect.objectContaining({ Key: 'theme', Value: 'dark', SyncCount: 1, LastModifiedBy: me.identity }),
      expect.objectContaining({ Key: 'font', Value: 'mono', SyncCount: 1 }),
    ])
    const listing = await me.sync.listRecords(datasetOf(me))
    expect(listing).toMatchObject({ Count: 2, DatasetSyncCount: 1, DatasetExists: true })
    expect(listing.Records!.map(({ Key, Value }) => [Key, Value]).sort()).toEqual([
      ['font', 'mono'],
      ['theme', 'dark'],
    ])
    expect(listing.Records![0]!.LastModifiedDate!.getTime() / 1_000).toBeCloseTo(Date.now() / 1_000, -2)
  })

  test('a device’s own time comes back to the millisecond', async () => {
    const me = await aGuest(on.server, on.pool)
    const DeviceLastModifiedDate = new Date('2016-02-29T12:34:56.789Z')
    await write(me, [{ ...put('a', '1'), DeviceLastModifiedDate }])
    const { Records } = await me.sync.listRecords(datasetOf(me))
    expect(Records![0]!.DeviceLastModifiedDate).toEqual(DeviceLastModifiedDate)
  })

  test('[R1] [R7] [F9] a listing begins after the count it is given, and an absent dataset lists as empty', async () => {
    const me = await aGuest(on.server, on.pool)
    expect(await me.sync.listRecords(datasetOf(me))).toMatchObject({
      ...ABSENT_LISTING,
      SyncSessionToken: expect.any(String),
    })
    await write(me, [put('a', '1')])
    await write(me, [put('b', '2')])
    const { Records } = await me.sync.listRecords({ ...datasetOf(me), LastSyncCount: 1 })
    expect(Records!.map(({ Key }) => Key)).toEqual(['b'])
    expect((await me.sync.listRecords({ ...datasetOf(me), LastSyncCount: 2 })).Records).toEqual([])
  })

  test('[R5] pages of one go through the whole dataset', async () => {
    const me = await aGuest(on.server, on.pool)
    await write(me, [put('a', '1'), put('b', '2'), put('c', '3')])
    const seen: string[] = []
    let NextToken: string | undefined
    do {
      const page = await me.sync.listRecords({ ...datasetOf(me), MaxResults: 1, NextToken })
      expect(page.Count).toBe(1)
      seen.push(page.Records![0]!.Key!)
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    expect(seen.sort()).toEqual(['a', 'b', 'c'])
  })

  test('[C3] [F10] a stale count is a conflict, told in the words that clients read', async () => {
    const me = await aGuest(on.server, on.pool)
    await write(me, [put('theme', 'dark')])
    await write(me, [put('theme', 'light', 1)])
    await expectRefused(
      write(me, [put('theme', 'blue', 1)]),
      ResourceConflictException,
      'Current SyncCount for: theme is: 2 not: 1',
    )
    await expectRefused(
      write(me, [put('theme', 'blue', 3)]),
      ResourceConflictException,
      'Current SyncCount for: theme is: 2 not: 3',
    )
    await expectRefused(
      write(me, [put('new', 'blue', 2)]),
      ResourceConflictException,
      'Current SyncCount for: new is: 0 not: 2',
    )
  })

  test('[C4] one stale patch leaves the whole batch unwritten', async () => {
    const me = await aGuest(on.server, on.pool)
    await write(me, [put('a', '1')])
    await expectRefused(write(me, [put('b', '2'), put('a', '2')]), ResourceConflictException, /Current SyncCount/)
    const { Records, DatasetSyncCount } = await me.sync.listRecords(datasetOf(me))
    expect(Records!.map(({ Key, Value }) => [Key, Value])).toEqual([['a', '1']])
    expect(DatasetSyncCount).toBe(1)
  })

  test('[P1] [P2] a removed record is listed without a value, and can be written again from its count', async () => {
    const me = await aGuest(on.server, on.pool)
    await write(me, [put('a', '1'), put('b', '1')])
    const removed = await write(me, [{ Op: 'remove', Key: 'a', SyncCount: 1 }])
    expect(removed.Records).toEqual([expect.objectContaining({ Key: 'a', SyncCount: 2 })])
    expect(removed.Records![0]).not.toHaveProperty('Value')
    const { Records } = await me.sync.listRecords(datasetOf(me))
    expect(Records!.find(({ Key }) => Key === 'a')).not.toHaveProperty('Value')
    await expectRefused(write(me, [put('a', '2')]), ResourceConflictException, /is: 2 not: 0/)
    expect((await write(me, [put('a', '2', 2)])).Records![0]).toMatchObject({ Value: '2', SyncCount: 3 })
  })

  test('[T1] an empty text is a value', async () => {
    const me = await aGuest(on.server, on.pool)
    expect((await write(me, [put('a', '')])).Records![0]!.Value).toBe('')
  })

  test('[R3] [F10] a count above the dataset’s is refused in the words of the service', async () => {
    const me = await aGuest(on.server, on.pool)
    await write(me, [put('a', '1')])
    await expectRefused(
      me.sync.listRecords({ ...datasetOf(me), LastSyncCount: 2 }),
      InvalidParameterException,
      'No such SyncCount: 2 exists for this Dataset',
    )
  })
})

describe('sync sessions', () => {
  test('[S1] a token holds for its own dataset only', async () => {
    const me = await aGuest(on.server, on.pool)
    const { SyncSessionToken } = await me.sync.listRecords(datasetOf(me, 'one'))
    const call = me.sync.updateRecords({ ...datasetOf(me, 'two'), SyncSessionToken, RecordPatches: [put('a', '1')] })
    await expectRefused(call, InvalidParameterException, 'SyncSessionToken not valid for these inputs')
  })

  test('[S4] the same update sent again gets its first answer, and anything else with the token is refused', async () => {
    const me = await aGuest(on.server, on.pool)
    const { SyncSessionToken } = await me.sync.listRecords(datasetOf(me))
    const update = { ...datasetOf(me), SyncSessionToken, RecordPatches: [put('a', '1')] }
    const first = await me.sync.updateRecords(update)
    expect((await me.sync.updateRecords(update)).Records).toEqual(first.Records)
    await expectRefused(
      me.sync.updateRecords({ ...update, RecordPatches: [put('a', '2', 1)] }),
      InvalidParameterException,
      'SyncSessionToken not valid for these inputs',
    )
    await expectRefused(
      me.sync.listRecords({ ...datasetOf(me), SyncSessionToken }),
      InvalidParameterException,
      'SyncSessionToken not valid for these inputs',
    )
    expect((await me.sync.listRecords(datasetOf(me))).DatasetSyncCount).toBe(1)
  })

  test('[S5] a refused update spends nothing', async () => {
    const me = await aGuest(on.server, on.pool)
    const { SyncSessionToken } = await me.sync.listRecords(datasetOf(me))
    const update = { ...datasetOf(me), SyncSessionToken }
    await refusalOf(me.sync.updateRecords({ ...update, RecordPatches: [put('a', '1', 5)] }))
    expect((await me.sync.updateRecords({ ...update, RecordPatches: [put('a', '1')] })).Records).toHaveLength(1)
  })
})
