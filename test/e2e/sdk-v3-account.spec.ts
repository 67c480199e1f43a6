import {
  CognitoSync,
  InvalidConfigurationException,
  InvalidParameterException,
  NotAuthorizedException,
  ResourceNotFoundException,
} from '@aws-sdk/client-cognito-sync'
import { aGuest, aPool, at, datasetOf, REGION } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { expectRefused, refusalOf } from '../support/refusal.js'
import { put, write } from '../support/sdk-records.js'
import { servedGuest } from '../support/served-guest.js'

const ABSENT_POOL = `${REGION}:00000000-0000-4000-8000-00000000dead`

const on = servedGuest()

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

describe('the account', () => {
  test('[A12] [F11] reads and writes for an identity, and is recorded as the writer', async () => {
    const me = await aGuest(on.server, on.pool)
    const path = datasetOf(me)
    const { SyncSessionToken } = await on.admin.sync.listRecords(path)
    const written = await on.admin.sync.updateRecords({ ...path, SyncSessionToken, RecordPatches: [put('a', '1')] })
    expect(written.Records![0]!.LastModifiedBy).toBe('000000000000')
    expect((await me.sync.listRecords(path)).LastModifiedBy).toBe('000000000000')
  })

  test('[F13] is told which pool, identity or dataset is not there', async () => {
    const me = await aGuest(on.server, on.pool)
    const nobody = { ...datasetOf(me), IdentityId: ABSENT_POOL }
    await expectRefused(on.admin.sync.listRecords(nobody), Error, `Identity '${ABSENT_POOL}' not found.`)
    const call = on.admin.sync.describeIdentityPoolUsage({ IdentityPoolId: ABSENT_POOL })
    await expectRefused(call, ResourceNotFoundException, `IdentityPool '${ABSENT_POOL}' not found.`)
    await expectRefused(on.admin.sync.describeDataset(datasetOf(me)), ResourceNotFoundException, /'settings' not found/)
  })
})

describe('what comes with later versions answers as for a pool where it is not set up', () => {
  test('[F16] push synchronization', async () => {
    const me = await aGuest(on.server, on.pool)
    const device = { ...datasetOf(me), DeviceId: 'd' }
    const says = 'push synchronization is not set up on this server'
    const register = me.sync.registerDevice({ ...datasetOf(me), Platform: 'APNS', Token: 't' })
    await expectRefused(register, InvalidConfigurationException, says)
    await expectRefused(me.sync.subscribeToDataset(device), InvalidConfigurationException, says)
    await expectRefused(me.sync.unsubscribeFromDataset(device), InvalidConfigurationException, says)
    const asAccount = on.admin.sync.registerDevice({ ...datasetOf(me), Platform: 'APNS', Token: 't' })
    await expectRefused(
      asAccount,
      NotAuthorizedException,
      'These credentials are not valid for accessing this resource',
    )
  })

  test('[F14] configuration and events are stored and given back; an empty part clears', async () => {
    const IdentityPoolId = await aPool(on.server)
    expect(await on.admin.sync.getIdentityPoolConfiguration({ IdentityPoolId })).toMatchObject({ IdentityPoolId })
    const PushSync = {
      ApplicationArns: ['arn:aws:sns:us-east-1:000000000000:app/GCM/test'],
      RoleArn: 'arn:aws:iam::000000000000:role/push',
    }
    const CognitoStreams = {
      StreamName: 's',
      RoleArn: 'arn:aws:iam::000000000000:role/stream',
      StreamingStatus: 'DISABLED',
    } as const
    const set = await on.admin.sync.setIdentityPoolConfiguration({ IdentityPoolId, PushSync, CognitoStreams })
    expect(set).toMatchObject({ IdentityPoolId, PushSync, CognitoStreams })
    expect(await on.admin.sync.getIdentityPoolConfiguration({ IdentityPoolId })).toMatchObject({
      PushSync,
      CognitoStreams,
    })
    await on.admin.sync.setIdentityPoolConfiguration({ IdentityPoolId, PushSync: {} })
    const cleared = await on.admin.sync.getIdentityPoolConfiguration({ IdentityPoolId })
    expect(cleared.PushSync).toBeUndefined()
    expect(cleared.CognitoStreams).toEqual(CognitoStreams)

    expect((await on.admin.sync.getCognitoEvents({ IdentityPoolId })).Events).toEqual({})
    const Events = { SyncTrigger: 'arn:aws:lambda:us-east-1:000000000000:function:f' }
    await on.admin.sync.setCognitoEvents({ IdentityPoolId, Events })
    expect((await on.admin.sync.getCognitoEvents({ IdentityPoolId })).Events).toEqual(Events)
    await on.admin.sync.setCognitoEvents({ IdentityPoolId, Events: { SyncTrigger: '' } })
    expect((await on.admin.sync.getCognitoEvents({ IdentityPoolId })).Events).toEqual({})
  })

  test('[F15] a stream cannot be enabled without Kafka, and bulk publish has nowhere to go', async () => {
    const CognitoStreams = {
      StreamName: 's',
      RoleArn: 'arn:aws:iam::000000000000:role/stream',
      StreamingStatus: 'ENABLED',
    } as const
    const enable = on.admin.sync.setIdentityPoolConfiguration({ IdentityPoolId: on.pool, CognitoStreams })
    await expectRefused(enable, InvalidParameterException, /SATCHEL_KAFKA_BROKERS/)
    await expectRefused(
      on.admin.sync.bulkPublish({ IdentityPoolId: on.pool }),
      InvalidParameterException,
      /not enabled/,
    )
    expect(await on.admin.sync.getBulkPublishDetails({ IdentityPoolId: on.pool })).toMatchObject({
      IdentityPoolId: on.pool,
      BulkPublishStatus: 'NOT_STARTED',
    })
  })
})

describe('credentials', () => {
  test('[K7] credentials of a deleted identity are refused within 5 seconds', async () => {
    const me = await aGuest(on.server, on.pool)
    await write(me, [put('a', '1')])
    await on.admin.identity.deleteIdentities({ IdentityIdsToDelete: [me.identity] })
    await eventually(
      () => expectRefused(me.sync.listRecords(datasetOf(me)), NotAuthorizedException, /is forbidden/),
      5_000,
    )
    await eventually(() => expectRefused(write(me, [put('b', '1')]), NotAuthorizedException, /is forbidden/), 5_000)
  }, 20_000)

  test('[K7] credentials of a deleted pool’s identities are refused within 5 seconds', async () => {
    const ownPool = await aPool(on.server)
    const me = await aGuest(on.server, ownPool)
    await write(me, [put('a', '1')])
    await on.admin.identity.deleteIdentityPool({ IdentityPoolId: ownPool })
    await eventually(
      () => expectRefused(me.sync.listRecords(datasetOf(me)), NotAuthorizedException, /is forbidden/),
      5_000,
    )
  }, 20_000)

  test.each([-20, 20])(
    '[A9] a device whose clock is off by %i minutes corrects itself and goes on',
    async (minutes) => {
      const me = await aGuest(on.server, on.pool)
      const off = new CognitoSync({ ...at(on.server), credentials: me.credentials })
      await withClockOff(minutes * 60_000, async () => {
        expect(await off.listRecords(datasetOf(me))).toMatchObject({ DatasetExists: false })
      })
      expect(Math.round(off.config.systemClockOffset / 60_000)).toBe(-minutes)
    },
  )

  test('[A10] a wrong secret is refused as the services word it', async () => {
    const me = await aGuest(on.server, on.pool)
    const credentials = { ...me.credentials, secretAccessKey: 'x'.repeat(40) }
    const call = new CognitoSync({ ...at(on.server), credentials, maxAttempts: 1 }).listRecords(datasetOf(me))
    expect(await refusalOf(call)).toMatchObject({
      name: 'InvalidSignatureException',
      message: expect.stringMatching(/^The request signature we calculated does not match/),
    })
  })
})
