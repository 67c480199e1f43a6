import {
  CognitoSync,
  InvalidConfigurationException,
  InvalidParameterException,
  LimitExceededException,
  NotAuthorizedException,
  ResourceConflictException,
  ResourceNotFoundException,
  type UpdateRecordsCommandInput,
} from '@aws-sdk/client-cognito-sync'
import { adminOf, aGuest, aPool, at, datasetOf, REGION, type Somebody } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const ABSENT_POOL = `${REGION}:00000000-0000-4000-8000-00000000dead`

let server: RunningServer
let admin: ReturnType<typeof adminOf>
let pool: string

beforeAll(async () => {
  server = await startServer()
  admin = adminOf(server)
  pool = await aPool(server)
}, 60_000)

afterAll(() => server.stop())

type Patches = NonNullable<UpdateRecordsCommandInput['RecordPatches']>

/** Lists for a token and writes. */
async function write({ sync, ...somebody }: Somebody, RecordPatches: Patches, name?: string) {
  const path = datasetOf(somebody, name)
  const { SyncSessionToken } = await sync.listRecords(path)
  return sync.updateRecords({ ...path, SyncSessionToken, RecordPatches })
}

const put = (Key: string, Value: string, SyncCount = 0) => ({ Op: 'replace', Key, Value, SyncCount }) as const

/** What a call was refused with. */
async function refusal(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => {
      throw new Error('the call was not refused')
    },
    (fault: Error) => fault,
  )
}

async function expectRefused(
  call: Promise<unknown>,
  type: abstract new (...args: never[]) => Error,
  message: string | RegExp,
) {
  const fault = await refusal(call)
  expect(fault).toBeInstanceOf(type)
  if (typeof message === 'string') expect(fault.message).toBe(message)
  else expect(fault.message).toMatch(message)
}

/** Sets this process's clock wrong, as the SDK sees it, for the time of some work. */
async function withClockOff(ms: number, work: () => Promise<void>): Promise<void> {
  const right = Date.now
  Date.now = () => right() + ms
  try {
    await work()
  } finally {
    Date.now = right
  }
}

describe('records', () => {
  test('[C1][C2] a first update makes the dataset, and all its records take count 1', async () => {
    const me = await aGuest(server, pool)
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
    const me = await aGuest(server, pool)
    const DeviceLastModifiedDate = new Date('2016-02-29T12:34:56.789Z')
    await write(me, [{ ...put('a', '1'), DeviceLastModifiedDate }])
    const { Records } = await me.sync.listRecords(datasetOf(me))
    expect(Records![0]!.DeviceLastModifiedDate).toEqual(DeviceLastModifiedDate)
  })

  test('[R1] [R7] [F9] a listing begins after the count it is given, and an absent dataset lists as empty', async () => {
    const me = await aGuest(server, pool)
    expect(await me.sync.listRecords(datasetOf(me))).toMatchObject({
      Records: [],
      Count: 0,
      DatasetSyncCount: 0,
      DatasetExists: false,
      DatasetDeletedAfterRequestedSyncCount: false,
      MergedDatasetNames: [],
      SyncSessionToken: expect.any(String),
    })
    await write(me, [put('a', '1')])
    await write(me, [put('b', '2')])
    const { Records } = await me.sync.listRecords({ ...datasetOf(me), LastSyncCount: 1 })
    expect(Records!.map(({ Key }) => Key)).toEqual(['b'])
    expect((await me.sync.listRecords({ ...datasetOf(me), LastSyncCount: 2 })).Records).toEqual([])
  })

  test('[R5] pages of one go through the whole dataset', async () => {
    const me = await aGuest(server, pool)
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
    const me = await aGuest(server, pool)
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
    const me = await aGuest(server, pool)
    await write(me, [put('a', '1')])
    await expectRefused(write(me, [put('b', '2'), put('a', '2')]), ResourceConflictException, /Current SyncCount/)
    const { Records, DatasetSyncCount } = await me.sync.listRecords(datasetOf(me))
    expect(Records!.map(({ Key, Value }) => [Key, Value])).toEqual([['a', '1']])
    expect(DatasetSyncCount).toBe(1)
  })

  test('[P1] [P2] a removed record is listed without a value, and can be written again from its count', async () => {
    const me = await aGuest(server, pool)
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
    const me = await aGuest(server, pool)
    expect((await write(me, [put('a', '')])).Records![0]!.Value).toBe('')
  })

  test('[R3] [F10] a count above the dataset’s is refused in the words of the service', async () => {
    const me = await aGuest(server, pool)
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
    const me = await aGuest(server, pool)
    const { SyncSessionToken } = await me.sync.listRecords(datasetOf(me, 'one'))
    const call = me.sync.updateRecords({ ...datasetOf(me, 'two'), SyncSessionToken, RecordPatches: [put('a', '1')] })
    await expectRefused(call, InvalidParameterException, 'SyncSessionToken not valid for these inputs')
  })

  test('[S4] the same update sent again gets its first answer, and anything else with the token is refused', async () => {
    const me = await aGuest(server, pool)
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
    const me = await aGuest(server, pool)
    const { SyncSessionToken } = await me.sync.listRecords(datasetOf(me))
    const update = { ...datasetOf(me), SyncSessionToken }
    await refusal(me.sync.updateRecords({ ...update, RecordPatches: [put('a', '1', 5)] }))
    expect((await me.sync.updateRecords({ ...update, RecordPatches: [put('a', '1')] })).Records).toHaveLength(1)
  })
})

describe('datasets', () => {
  test('[D6] [L5] a dataset is described, listed, deleted with its last state, and gone', async () => {
    const me = await aGuest(server, pool)
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
    const me = await aGuest(server, pool)
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
    const me = await aGuest(server, pool)
    for (const name of ['c', 'a', 'b']) await write(me, [put('k', 'v')], name)
    const first = await me.sync.listDatasets({ ...datasetOf(me), MaxResults: 2 })
    expect(first.Datasets!.map(({ DatasetName }) => DatasetName)).toEqual(['a', 'b'])
    const second = await me.sync.listDatasets({ ...datasetOf(me), MaxResults: 2, NextToken: first.NextToken })
    expect(second.Datasets!.map(({ DatasetName }) => DatasetName)).toEqual(['c'])
    expect(second.NextToken).toBeUndefined()
  })

  test('[L1] the 1,025th record is refused by its limit, and a removal makes room', async () => {
    const me = await aGuest(server, pool)
    await write(
      me,
      Array.from({ length: 1_024 }, (_, n) => put(`k${n}`, 'v')),
    )
    await expectRefused(write(me, [put('more', 'v')]), LimitExceededException, /1025 records.*1024/)
    await write(me, [{ Op: 'remove', Key: 'k0', SyncCount: 1 }, put('more', 'v')])
    expect((await me.sync.describeDataset(datasetOf(me))).Dataset!.NumRecords).toBe(1_024)
  })

  test('[L2] one byte above 1 MiB is refused, the last byte is not', async () => {
    const me = await aGuest(server, pool)
    await expectRefused(write(me, [put('ab', 'v'.repeat(1_048_575))]), LimitExceededException, /1048577 bytes.*1048576/)
    await write(me, [put('a', 'v'.repeat(1_048_575))])
    expect((await me.sync.describeDataset(datasetOf(me))).Dataset!.DataStorage).toBe(1_048_576)
  }, 30_000)

  test('[L3] the 21st dataset is refused', async () => {
    const me = await aGuest(server, pool)
    for (let n = 0; n < 20; n++) await write(me, [put('k', 'v')], `d${n}`)
    await expectRefused(write(me, [put('k', 'v')], 'd20'), LimitExceededException, /21 datasets.*20/)
    await me.sync.deleteDataset(datasetOf(me, 'd0'))
    await write(me, [put('k', 'v')], 'd20')
  }, 30_000)
})

describe('usage', () => {
  test('[U1][U2] figures of identity, pool and all pools are exact', async () => {
    const ownPool = await aPool(server)
    const [one, two] = [await aGuest(server, ownPool), await aGuest(server, ownPool)]
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
    const { IdentityPoolUsage } = await admin.sync.describeIdentityPoolUsage({ IdentityPoolId: ownPool })
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
      const page = await admin.sync.listIdentityPoolUsage({ MaxResults: 1, NextToken })
      expect(page).toMatchObject({ Count: 1, MaxResults: 1 })
      all.push(...page.IdentityPoolUsages!)
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    expect(all).toContainEqual(expect.objectContaining({ IdentityPoolId: ownPool, DataStorage: 30 }))
  })

  test('[U1] an identity without data uses nothing', async () => {
    const me = await aGuest(server, pool)
    const { IdentityUsage } = await me.sync.describeIdentityUsage(datasetOf(me))
    expect(IdentityUsage).toMatchObject({ DatasetCount: 0, DataStorage: 0 })
  })
})

describe('the account', () => {
  test('[A12] [F11] reads and writes for an identity, and is recorded as the writer', async () => {
    const me = await aGuest(server, pool)
    const path = datasetOf(me)
    const { SyncSessionToken } = await admin.sync.listRecords(path)
    const written = await admin.sync.updateRecords({ ...path, SyncSessionToken, RecordPatches: [put('a', '1')] })
    expect(written.Records![0]!.LastModifiedBy).toBe('000000000000')
    expect((await me.sync.listRecords(path)).LastModifiedBy).toBe('000000000000')
  })

  test('[F13] is told which pool, identity or dataset is not there', async () => {
    const me = await aGuest(server, pool)
    const nobody = { ...datasetOf(me), IdentityId: ABSENT_POOL }
    await expectRefused(admin.sync.listRecords(nobody), Error, `Identity '${ABSENT_POOL}' not found.`)
    const call = admin.sync.describeIdentityPoolUsage({ IdentityPoolId: ABSENT_POOL })
    await expectRefused(call, ResourceNotFoundException, `IdentityPool '${ABSENT_POOL}' not found.`)
    await expectRefused(admin.sync.describeDataset(datasetOf(me)), ResourceNotFoundException, /'settings' not found/)
  })
})

describe('what comes with later versions answers as for a pool where it is not set up', () => {
  test('[F16] push synchronization', async () => {
    const me = await aGuest(server, pool)
    const device = { ...datasetOf(me), DeviceId: 'd' }
    const says = 'push synchronization is not set up on this server'
    const register = me.sync.registerDevice({ ...datasetOf(me), Platform: 'APNS', Token: 't' })
    await expectRefused(register, InvalidConfigurationException, says)
    await expectRefused(me.sync.subscribeToDataset(device), InvalidConfigurationException, says)
    await expectRefused(me.sync.unsubscribeFromDataset(device), InvalidConfigurationException, says)
    const asAccount = admin.sync.registerDevice({ ...datasetOf(me), Platform: 'APNS', Token: 't' })
    await expectRefused(
      asAccount,
      NotAuthorizedException,
      'These credentials are not valid for accessing this resource',
    )
  })

  test('[F14] configuration and events are stored and given back; an empty part clears', async () => {
    const IdentityPoolId = await aPool(server)
    expect(await admin.sync.getIdentityPoolConfiguration({ IdentityPoolId })).toMatchObject({ IdentityPoolId })
    const PushSync = {
      ApplicationArns: ['arn:aws:sns:us-east-1:000000000000:app/GCM/test'],
      RoleArn: 'arn:aws:iam::000000000000:role/push',
    }
    const CognitoStreams = {
      StreamName: 's',
      RoleArn: 'arn:aws:iam::000000000000:role/stream',
      StreamingStatus: 'DISABLED',
    } as const
    const set = await admin.sync.setIdentityPoolConfiguration({ IdentityPoolId, PushSync, CognitoStreams })
    expect(set).toMatchObject({ IdentityPoolId, PushSync, CognitoStreams })
    expect(await admin.sync.getIdentityPoolConfiguration({ IdentityPoolId })).toMatchObject({
      PushSync,
      CognitoStreams,
    })
    await admin.sync.setIdentityPoolConfiguration({ IdentityPoolId, PushSync: {} })
    const cleared = await admin.sync.getIdentityPoolConfiguration({ IdentityPoolId })
    expect(cleared.PushSync).toBeUndefined()
    expect(cleared.CognitoStreams).toEqual(CognitoStreams)

    expect((await admin.sync.getCognitoEvents({ IdentityPoolId })).Events).toEqual({})
    const Events = { SyncTrigger: 'arn:aws:lambda:us-east-1:000000000000:function:f' }
    await admin.sync.setCognitoEvents({ IdentityPoolId, Events })
    expect((await admin.sync.getCognitoEvents({ IdentityPoolId })).Events).toEqual(Events)
    await admin.sync.setCognitoEvents({ IdentityPoolId, Events: { SyncTrigger: '' } })
    expect((await admin.sync.getCognitoEvents({ IdentityPoolId })).Events).toEqual({})
  })

  test('[F15] a stream cannot be enabled without Kafka, and bulk publish has nowhere to go', async () => {
    const CognitoStreams = {
      StreamName: 's',
      RoleArn: 'arn:aws:iam::000000000000:role/stream',
      StreamingStatus: 'ENABLED',
    } as const
    const enable = admin.sync.setIdentityPoolConfiguration({ IdentityPoolId: pool, CognitoStreams })
    await expectRefused(enable, InvalidParameterException, /SATCHEL_KAFKA_BROKERS/)
    await expectRefused(admin.sync.bulkPublish({ IdentityPoolId: pool }), InvalidParameterException, /not enabled/)
    expect(await admin.sync.getBulkPublishDetails({ IdentityPoolId: pool })).toMatchObject({
      IdentityPoolId: pool,
      BulkPublishStatus: 'NOT_STARTED',
    })
  })
})

describe('credentials', () => {
  test('[K7] credentials of a deleted identity are refused within 5 seconds', async () => {
    const me = await aGuest(server, pool)
    await write(me, [put('a', '1')])
    await admin.identity.deleteIdentities({ IdentityIdsToDelete: [me.identity] })
    await eventually(
      () => expectRefused(me.sync.listRecords(datasetOf(me)), NotAuthorizedException, /is forbidden/),
      5_000,
    )
    await eventually(() => expectRefused(write(me, [put('b', '1')]), NotAuthorizedException, /is forbidden/), 5_000)
  }, 20_000)

  test('[K7] credentials of a deleted pool’s identities are refused within 5 seconds', async () => {
    const ownPool = await aPool(server)
    const me = await aGuest(server, ownPool)
    await write(me, [put('a', '1')])
    await admin.identity.deleteIdentityPool({ IdentityPoolId: ownPool })
    await eventually(
      () => expectRefused(me.sync.listRecords(datasetOf(me)), NotAuthorizedException, /is forbidden/),
      5_000,
    )
  }, 20_000)

  test.each([-20, 20])(
    '[A9] a device whose clock is off by %i minutes corrects itself and goes on',
    async (minutes) => {
      const me = await aGuest(server, pool)
      const off = new CognitoSync({ ...at(server), credentials: me.credentials })
      await withClockOff(minutes * 60_000, async () => {
        expect(await off.listRecords(datasetOf(me))).toMatchObject({ DatasetExists: false })
      })
      expect(Math.round(off.config.systemClockOffset / 60_000)).toBe(-minutes)
    },
  )

  test('[A10] a wrong secret is refused as the services word it', async () => {
    const me = await aGuest(server, pool)
    const credentials = { ...me.credentials, secretAccessKey: 'x'.repeat(40) }
    const call = new CognitoSync({ ...at(server), credentials, maxAttempts: 1 }).listRecords(datasetOf(me))
    expect(await refusal(call)).toMatchObject({
      name: 'InvalidSignatureException',
      message: expect.stringMatching(/^The request signature we calculated does not match/),
    })
  })
})
