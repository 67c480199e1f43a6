import {
  DeveloperUserAlreadyRegisteredException,
  InvalidIdentityPoolConfigurationException,
  InvalidParameterException,
  NotAuthorizedException,
  ResourceConflictException,
  ResourceNotFoundException,
} from '@aws-sdk/client-cognito-identity'
import { aDeveloperUser, aGuest, aPool, datasetOf, DEVELOPER_PROVIDER, REGION, ROLES } from '../support/a-pool.js'
import { expectIdentityRefused } from '../support/refusal.js'
import { servedGuest } from '../support/served-guest.js'

const ABSENT = `${REGION}:00000000-0000-4000-8000-00000000dead`

const on = servedGuest({ AllowClassicFlow: true })

describe('identity pools', () => {
  test('[I2] [I4] [I7] a pool is created, described, updated as a whole, listed and deleted', async () => {
    const made = await on.admin.identity.createIdentityPool({
      IdentityPoolName: 'My App, staging',
      AllowUnauthenticatedIdentities: false,
      IdentityPoolTags: { stage: 'staging' },
    })
    const IdentityPoolId = made.IdentityPoolId!
    expect(IdentityPoolId).toMatch(/^us-east-1:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    const described = await on.admin.identity.describeIdentityPool({ IdentityPoolId })
    expect(described).toMatchObject({
      IdentityPoolId,
      IdentityPoolName: 'My App, staging',
      AllowUnauthenticatedIdentities: false,
      IdentityPoolTags: { stage: 'staging' },
    })
    expect(described).not.toHaveProperty('AllowClassicFlow')
    await on.admin.identity.updateIdentityPool({
      IdentityPoolId,
      IdentityPoolName: 'renamed',
      AllowUnauthenticatedIdentities: true,
      DeveloperProviderName: 'login.my.app',
    })
    const updated = await on.admin.identity.describeIdentityPool({ IdentityPoolId })
    expect(updated).toMatchObject({ IdentityPoolName: 'renamed', DeveloperProviderName: 'login.my.app' })
    await on.admin.identity.deleteIdentityPool({ IdentityPoolId })
    const gone = `IdentityPool '${IdentityPoolId}' not found.`
    await expectIdentityRefused(
      on.admin.identity.describeIdentityPool({ IdentityPoolId }),
      ResourceNotFoundException,
      gone,
    )
    await expectIdentityRefused(
      on.admin.identity.deleteIdentityPool({ IdentityPoolId }),
      ResourceNotFoundException,
      gone,
    )
    await expectIdentityRefused(on.unsigned.getId({ IdentityPoolId }), ResourceNotFoundException, gone)
  })

  test('[I14] pools are listed in pages, each once', async () => {
    for (let n = 0; n < 3; n++) await aPool(on.server)
    const seen: string[] = []
    let NextToken: string | undefined
    do {
      const page = await on.admin.identity.listIdentityPools({ MaxResults: 2, NextToken })
      seen.push(...page.IdentityPools!.map(({ IdentityPoolId }) => IdentityPoolId!))
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    expect(seen.length).toBeGreaterThanOrEqual(4)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toContain(on.pool)
  })

  test('roles are set and given back', async () => {
    const { Roles } = await on.admin.identity.getIdentityPoolRoles({ IdentityPoolId: on.pool })
    expect(Roles).toEqual(ROLES)
  })

  test.each(['TagResource', 'MergeDeveloperIdentities', 'UnlinkIdentity'])(
    '[I29] an operation that is still missing says so: %s',
    async (operation) => {
      const answer = await on.admin.wire.identity(operation, {})
      expect(answer.status).toBe(400)
      expect(answer.headers['x-amzn-errortype']).toBe('UnknownOperationException:')
      expect(answer.json()).toEqual({
        __type: 'UnknownOperationException',
        message: `The operation ${operation} is not implemented by this server`,
      })
    },
  )
})

describe('guests', () => {
  test('[I15] [I21] [K1] the enhanced flow makes a new guest at every call, with credentials for an hour', async () => {
    const [one, two] = [
      await on.unsigned.getId({ IdentityPoolId: on.pool }),
      await on.unsigned.getId({ IdentityPoolId: on.pool }),
    ]
    expect(one.IdentityId).not.toBe(two.IdentityId)
    const given = await on.unsigned.getCredentialsForIdentity({ IdentityId: one.IdentityId })
    expect(given.IdentityId).toBe(one.IdentityId)
    expect(given.Credentials!.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/)
    const life = given.Credentials!.Expiration!.getTime() - Date.now()
    expect(Math.round(life / 60_000)).toBe(60)
  })

  test('[I15] a pool without guests refuses them in the words of the service', async () => {
    const closed = await aPool(on.server, { AllowUnauthenticatedIdentities: false })
    const call = on.unsigned.getId({ IdentityPoolId: closed })
    await expectIdentityRefused(
      call,
      NotAuthorizedException,
      'Unauthenticated access is not supported for this identity pool.',
    )
  })

  test('[I21] a pool without a role for guests has no credentials for them', async () => {
    const { IdentityPoolId } = await on.admin.identity.createIdentityPool({
      IdentityPoolName: 'no roles',
      AllowUnauthenticatedIdentities: true,
    })
    const { IdentityId } = await on.unsigned.getId({ IdentityPoolId })
    const call = on.unsigned.getCredentialsForIdentity({ IdentityId })
    await expectIdentityRefused(
      call,
      InvalidIdentityPoolConfigurationException,
      'Invalid identity pool configuration. Check assigned IAM roles for this pool.',
    )
  })

  test('[I8] unknown identities are refused in the words that Amplify compares', async () => {
    const call = on.unsigned.getCredentialsForIdentity({ IdentityId: ABSENT })
    await expectIdentityRefused(call, ResourceNotFoundException, `Identity '${ABSENT}' not found.`)
  })
})

describe('developer identities', () => {
  test('[I23] [I27] a user of the backend has one identity, which is found by either name', async () => {
    const [first, again] = [
      await aDeveloperUser(on.server, on.pool, 'ada'),
      await aDeveloperUser(on.server, on.pool, 'ada'),
    ]
    expect(again.identity).toBe(first.identity)
    const byName = await on.admin.identity.lookupDeveloperIdentity({
      IdentityPoolId: on.pool,
      DeveloperUserIdentifier: 'ada',
    })
    expect(byName).toMatchObject({ IdentityId: first.identity, DeveloperUserIdentifierList: ['ada'] })
    const byId = await on.admin.identity.lookupDeveloperIdentity({
      IdentityPoolId: on.pool,
      IdentityId: first.identity,
    })
    expect(byId.DeveloperUserIdentifierList).toEqual(['ada'])
    const other = await aDeveloperUser(on.server, on.pool, 'grace')
    const both = { IdentityPoolId: on.pool, IdentityId: other.identity, DeveloperUserIdentifier: 'ada' }
    await expectIdentityRefused(
      on.admin.identity.lookupDeveloperIdentity(both),
      ResourceConflictException,
      /does not belong/,
    )
  })

  test('[I17] [I22] a guest who signs in keeps the identity and its data', async () => {
    const guest = await aGuest(on.server, on.pool)
    const { SyncSessionToken } = await guest.sync.listRecords(datasetOf(guest))
    const RecordPatches = [{ Op: 'replace', Key: 'theme', Value: 'dark', SyncCount: 0 } as const]
    await guest.sync.updateRecords({ ...datasetOf(guest), SyncSessionToken, RecordPatches })
    const { IdentityId } = await on.admin.identity.getOpenIdTokenForDeveloperIdentity({
      IdentityPoolId: on.pool,
      IdentityId: guest.identity,
      Logins: { [DEVELOPER_PROVIDER]: 'was a guest' },
    })
    expect(IdentityId).toBe(guest.identity)
    const signedIn = await aDeveloperUser(on.server, on.pool, 'was a guest')
    expect(signedIn.identity).toBe(guest.identity)
    const { Records } = await signedIn.sync.listRecords(datasetOf(signedIn))
    expect(Records).toMatchObject([{ Key: 'theme', Value: 'dark' }])
    const { Logins } = await on.admin.identity.describeIdentity({ IdentityId })
    expect(Logins).toEqual([DEVELOPER_PROVIDER])
    const asGuest = on.unsigned.getCredentialsForIdentity({ IdentityId })
    await expectIdentityRefused(asGuest, NotAuthorizedException, `Access to Identity '${IdentityId}' is forbidden.`)
  })

  test('[I23] a user who is registered elsewhere cannot take another identity', async () => {
    await aDeveloperUser(on.server, on.pool, 'linus')
    const guest = await aGuest(on.server, on.pool)
    const call = on.admin.identity.getOpenIdTokenForDeveloperIdentity({
      IdentityPoolId: on.pool,
      IdentityId: guest.identity,
      Logins: { [DEVELOPER_PROVIDER]: 'linus' },
    })
    await expectIdentityRefused(call, DeveloperUserAlreadyRegisteredException, /registered with an identity other than/)
  })

  test('[I19] [I20] a foreign token is no login', async () => {
    const call = on.unsigned.getCredentialsForIdentity({
      IdentityId: (await aDeveloperUser(on.server, on.pool)).identity,
      Logins: { 'cognito-identity.amazonaws.com': 'e30.e30.e30' },
    })
    await expectIdentityRefused(call, NotAuthorizedException, /^Invalid login token\./)
    const provider = on.unsigned.getId({ IdentityPoolId: on.pool, Logins: { [DEVELOPER_PROVIDER]: 'ada' } })
    await expectIdentityRefused(provider, InvalidParameterException, 'Please provide a valid public provider')
  })

  test('[I11] [I12] identities are listed in pages and deleted; who is deleted is not found', async () => {
    const own = await aPool(on.server)
    const made = [await aGuest(on.server, own), await aGuest(on.server, own), await aDeveloperUser(on.server, own)]
    const ids = made.map(({ identity }) => identity).sort()
    const first = await on.admin.identity.listIdentities({ IdentityPoolId: own, MaxResults: 2 })
    const second = await on.admin.identity.listIdentities({
      IdentityPoolId: own,
      MaxResults: 2,
      NextToken: first.NextToken,
    })
    expect(second.NextToken).toBeUndefined()
    const listed = [...first.Identities!, ...second.Identities!].map(({ IdentityId }) => IdentityId)
    expect(listed.sort()).toEqual(ids)
    const gone = [ids[0]!, ABSENT]
    const { UnprocessedIdentityIds } = await on.admin.identity.deleteIdentities({ IdentityIdsToDelete: gone })
    expect(UnprocessedIdentityIds).toEqual([{ IdentityId: ABSENT, ErrorCode: 'AccessDenied' }])
    const call = on.unsigned.getCredentialsForIdentity({ IdentityId: ids[0] })
    await expectIdentityRefused(call, ResourceNotFoundException, `Identity '${ids[0]}' not found.`)
  })
})
