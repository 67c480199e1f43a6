import { LimitExceededException, ResourceNotFoundException } from '@aws-sdk/client-cognito-sync'
import { aGuest, aPool, datasetOf } from '../support/a-pool.js'
import { expectRefused } from '../support/refusal.js'
import { put, write } from '../support/sdk-records.js'
import { servedGuest } from '../support/served-guest.js'

const on = servedGuest()

describe('datasets', () => {
  test('[D6] [L5] a dataset is described, listed, deleted with its last state, and gone', async () => {
    const me = await aGuest(on.server, on.pool)
    await write(me, [put('key', 'wörld')], 'a.b:c-d_e')
    const described = (await me.sync.describeDataset(datasetOf(me, 'a.b:c-d_e'))).Dataset
    expect(described).toMatchObject({
      IdentityId: me.identity,
      DatasetName: 'a.b:c-d_e',
      LastModifiedBy: me.identity,
      NumRecords: 1,
      DataStorage: 3 + 6,
      CreationDate: expect.any(Date),
      LastModifiedDate: expect.any(Date),
    })
    const listed = await me.sync.listDatasets(datasetOf(me))
    expect(listed).toMatchObject({ Count: 1, Datasets: [described] })
    expect((await me.sync.deleteDataset(datasetOf(me, 'a.b:c-d_e'))).Dataset).toEqual(described)
    await expectRefused(me.sync.describeDataset(datasetOf(me, 'a.b:c-d_e')), ResourceNotFoundException, /a\.b:c-d_e/)
    await expectRefused(me.sync.deleteDataset(datasetOf(me, 'a.b:c-d_e')), ResourceNotFoundException, /a\.b:c-d_e/)
    expect((await me.sync.listDatasets(datasetOf(me))).Datasets).toEqual([])
  })

  test('[D2][D4][D5] counts go on over a deletion, and devices that were there before are told', async () => {
    const me = await aGuest(on.server, on.pool)
    await write(me, [put('a', '1')])
    await write(me, [put('a', '2', 1)])
    await me.sync.deleteDataset(datasetOf(me))
    for (const [LastSyncCount, told] of [
      [0, false],
      [1, true],
      [2, true],
    ] as const) {
      expect(await me.sync.listRecords({ ...datasetOf(me), LastSyncCount })).toMatchObject({
        DatasetExists: false,
        DatasetSyncCount: 0,
        DatasetDeletedAfterRequestedSyncCount: told,
      })
    }
    const again = await write(me, [put('a', 'new')])
    expect(again.Records![0]!.SyncCount).toBe(4)
    expect(await me.sync.listRecords({ ...datasetOf(me), LastSyncCount: 2 })).toMatchObject({
      DatasetExists: true,
      DatasetSyncCount: 4,
      DatasetDeletedAfterRequestedSyncCount: true,
    })
  })

  test('[R8] datasets are listed in pages by name', async () => {
    const me = await aGuest(on.server, on.pool)
    for (const name of ['c', 'a', 'b']) await write(me, [put('k', 'v')], name)
    const first = await me.sync.listDatasets({ ...datasetOf(me), MaxResults: 2 })
    expect(first.Datasets!.map(({ DatasetName }) => DatasetName)).toEqual(['a', 'b'])
    const second = await me.sync.listDatasets({ ...datasetOf(me), MaxResults: 2, NextToken: first.NextToken })
    expect(second.Datasets!.map(({ DatasetName }) => DatasetName)).toEqual(['c'])
    expect(second.NextToken).toBeUndefined()
  })

  test('[L1] the 1,025th record is refused by its limit, and a removal makes room', async () => {
    const me = await aGuest(on.server, on.pool)
    await write(
      me,
      Array.from({ length: 1_024 }, (_, n) => put(`k${n}`, 'v')),
    )
    await expectRefused(write(me, [put('more', 'v')]), LimitExceededException, /1025 records.*1024/)
    await write(me, [{ Op: 'remove', Key: 'k0', SyncCount: 1 }, put('more', 'v')])
    expect((await me.sync.describeDataset(datasetOf(me))).Dataset!.NumRecords).toBe(1_024)
  })

  test('[L2] one byte above 1 MiB is refused, the last byte is not', async () => {
    const me = await aGuest(on.server, on.pool)
    await expectRefused(write(me, [put('ab', 'v'.repeat(1_048_575))]), LimitExceededException, /1048577 bytes.*1048576/)
    await write(me, [put('a', 'v'.repeat(1_048_575))])
    expect((await me.sync.describeDataset(datasetOf(me))).Dataset!.DataStorage).toBe(1_048_576)
  }, 30_000)

  test('[L3] the 21st dataset is refused', async () => {
    const me = await aGuest(on.server, on.pool)
    for (let n = 0; n < 20; n++) await write(me, [put('k', 'v')], `d${n}`)
    await expectRefused(write(me, [put('k', 'v')], 'd20'), LimitExceededException, /21 datasets.*20/)
    await me.sync.deleteDataset(datasetOf(me, 'd0'))
    await write(me, [put('k', 'v')], 'd20')
  }, 30_000)
})

describe('usage', () => {
  test('[U1][U2] figures of identity, pool and all pools are exact', async () => {
    const ownPool = await aPool(on.server)
    const [one, two] = [await aGuest(on.server, ownPool), await aGuest(on.server, ownPool)]
    await write(one, [put('ключ', 'значение'), put('a', '😀')], 'x')
    await write(one, [put('k', '12345')], 'y')
    await write(two, [put('k', '1')], 'x')
    await write(one, [{ Op: 'remove', Key: 'a', SyncCount: 1 }], 'x')
    const { IdentityUsage } = await one.sync.describeIdentityUsage(datasetOf(one))
    expect(IdentityUsage).toMatchObject({
      IdentityId: one.identity,
      IdentityPoolId: ownPool,
      DatasetCount: 2,
      DataStorage: 8 + 16 + 1 + 5,
      LastModifiedDate: expect.any(Date),
    })
    const { IdentityPoolUsage } = await on.admin.sync.describeIdentityPoolUsage({ IdentityPoolId: ownPool })
    expect(IdentityPoolUsage).toMatchObject({
      IdentityPoolId: ownPool,
      DataStorage: 8 + 16 + 1 + 5 + 1 + 1,
      SyncSessionsCount: 4,
      LastModifiedDate: expect.any(Date),
    })
    await two.sync.deleteDataset(datasetOf(two, 'x'))
    const all: unknown[] = []
    let NextToken: string | undefined
    do {
      const page = await on.admin.sync.listIdentityPoolUsage({ MaxResults: 1, NextToken })
      expect(page).toMatchObject({ Count: 1, MaxResults: 1 })
      all.push(...page.IdentityPoolUsages!)
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    expect(all).toContainEqual(expect.objectContaining({ IdentityPoolId: ownPool, DataStorage: 30 }))
  })

  test('[U1] an identity without data uses nothing', async () => {
    const me = await aGuest(on.server, on.pool)
    const { IdentityUsage } = await me.sync.describeIdentityUsage(datasetOf(me))
    expect(IdentityUsage).toMatchObject({ DatasetCount: 0, DataStorage: 0 })
  })
})
