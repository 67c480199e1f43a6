import {
  CognitoIdentity,
  DeveloperUserAlreadyRegisteredException,
  InvalidIdentityPoolConfigurationException,
  InvalidParameterException,
  NotAuthorizedException,
  ResourceConflictException,
  ResourceNotFoundException,
} from '@aws-sdk/client-cognito-identity'
import { CognitoSync } from '@aws-sdk/client-cognito-sync'
import { STS } from '@aws-sdk/client-sts'
import { fromCognitoIdentity, fromCognitoIdentityPool, fromWebToken } from '@aws-sdk/credential-providers'
import {
  adminOf,
  aDeveloperUser,
  aGuest,
  aPool,
  at,
  datasetOf,
  DEVELOPER_PROVIDER,
  REGION,
  ROLES,
} from '../support/a-pool.js'
import { startServer, type RunningServer } from '../support/start-server.js'

const ABSENT = `${REGION}:00000000-0000-4000-8000-00000000dead`

let server: RunningServer
let admin: ReturnType<typeof adminOf>
let pool: string
let unsigned: CognitoIdentity

beforeAll(async () => {
  server = await startServer()
  admin = adminOf(server)
  pool = await aPool(server, { AllowClassicFlow: true })
  unsigned = new CognitoIdentity(at(server))
}, 60_000)

afterAll(() => server.stop())

async function expectRefused(
  call: Promise<unknown>,
  type: abstract new (...args: never[]) => Error,
  message: string | RegExp,
) {
  const fault = await call.then(
    () => new Error('the call was not refused'),
    (refused: Error) => refused,
  )
  expect(fault).toBeInstanceOf(type)
  expect(fault).toMatchObject({ $metadata: { httpStatusCode: 400 } })
  if (typeof message === 'string') expect(fault.message).toBe(message)
  else expect(fault.message).toMatch(message)
}

describe('identity pools', () => {
  test('[I2] [I4] [I7] a pool is created, described, updated as a whole, listed and deleted', async () => {
    const made = await admin.identity.createIdentityPool({
      IdentityPoolName: 'My App, staging',
      AllowUnauthenticatedIdentities: false,
      IdentityPoolTags: { stage: 'staging' },
    })
    const IdentityPoolId = made.IdentityPoolId!
    expect(IdentityPoolId).toMatch(/^us-east-1:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    const described = await admin.identity.describeIdentityPool({ IdentityPoolId })
    expect(described).toMatchObject({
      IdentityPoolId,
      IdentityPoolName: 'My App, staging',
      AllowUnauthenticatedIdentities: false,
      IdentityPoolTags: { stage: 'staging' },
    })
    expect(described).not.toHaveProperty('AllowClassicFlow')
    await admin.identity.updateIdentityPool({
      IdentityPoolId,
      IdentityPoolName: 'renamed',
      AllowUnauthenticatedIdentities: true,
      DeveloperProviderName: 'login.my.app',
    })
    const updated = await admin.identity.describeIdentityPool({ IdentityPoolId })
    expect(updated).toMatchObject({ IdentityPoolName: 'renamed', DeveloperProviderName: 'login.my.app' })
    await admin.identity.deleteIdentityPool({ IdentityPoolId })
    const gone = `IdentityPool '${IdentityPoolId}' not found.`
    await expectRefused(admin.identity.describeIdentityPool({ IdentityPoolId }), ResourceNotFoundException, gone)
    await expectRefused(admin.identity.deleteIdentityPool({ IdentityPoolId }), ResourceNotFoundException, gone)
    await expectRefused(unsigned.getId({ IdentityPoolId }), ResourceNotFoundException, gone)
  })

  test('[I14] pools are listed in pages, each once', async () => {
    for (let n = 0; n < 3; n++) await aPool(server)
    const seen: string[] = []
    let NextToken: string | undefined
    do {
      const page = await admin.identity.listIdentityPools({ MaxResults: 2, NextToken })
      seen.push(...page.IdentityPools!.map(({ IdentityPoolId }) => IdentityPoolId!))
      NextToken = page.NextToken
    } while (NextToken !== undefined)
    expect(seen.length).toBeGreaterThanOrEqual(4)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toContain(pool)
  })

  test('roles are set and given back', async () => {
    const { Roles } = await admin.identity.getIdentityPoolRoles({ IdentityPoolId: pool })
    expect(Roles).toEqual(ROLES)
  })

  test.each(['TagResource', 'MergeDeveloperIdentities', 'UnlinkIdentity'])(
    '[I29] an operation that is still missing says so: %s',
    async (operation) => {
      const answer = await admin.wire.identity(operation, {})
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
    const [one, two] = [await unsigned.getId({ IdentityPoolId: pool }), await unsigned.getId({ IdentityPoolId: pool })]
    expect(one.IdentityId).not.toBe(two.IdentityId)
    const given = await unsigned.getCredentialsForIdentity({ IdentityId: one.IdentityId })
    expect(given.IdentityId).toBe(one.IdentityId)
    expect(given.Credentials!.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/)
    const life = given.Credentials!.Expiration!.getTime() - Date.now()
    expect(Math.round(life / 60_000)).toBe(60)
  })

  test('[I15] a pool without guests refuses them in the words of the service', async () => {
    const closed = await aPool(server, { AllowUnauthenticatedIdentities: false })
    const call = unsigned.getId({ IdentityPoolId: closed })
    await expectRefused(call, NotAuthorizedException, 'Unauthenticated access is not supported for this identity pool.')
  })

  test('[I21] a pool without a role for guests has no credentials for them', async () => {
    const { IdentityPoolId } = await admin.identity.createIdentityPool({
      IdentityPoolName: 'no roles',
      AllowUnauthenticatedIdentities: true,
    })
    const { IdentityId } = await unsigned.getId({ IdentityPoolId })
    const call = unsigned.getCredentialsForIdentity({ IdentityId })
    await expectRefused(
      call,
      InvalidIdentityPoolConfigurationException,
      'Invalid identity pool configuration. Check assigned IAM roles for this pool.',
    )
  })

  test('[I8] unknown identities are refused in the words that Amplify compares', async () => {
    const call = unsigned.getCredentialsForIdentity({ IdentityId: ABSENT })
    await expectRefused(call, ResourceNotFoundException, `Identity '${ABSENT}' not found.`)
  })
})

describe('developer identities', () => {
  test('[I23] [I27] a user of the backend has one identity, which is found by either name', async () => {
    const [first, again] = [await aDeveloperUser(server, pool, 'ada'), await aDeveloperUser(server, pool, 'ada')]
    expect(again.identity).toBe(first.identity)
    const byName = await admin.identity.lookupDeveloperIdentity({
      IdentityPoolId: pool,
      DeveloperUserIdentifier: 'ada',
    })
    expect(byName).toMatchObject({ IdentityId: first.identity, DeveloperUserIdentifierList: ['ada'] })
    const byId = await admin.identity.lookupDeveloperIdentity({ IdentityPoolId: pool, IdentityId: first.identity })
    expect(byId.DeveloperUserIdentifierList).toEqual(['ada'])
    const other = await aDeveloperUser(server, pool, 'grace')
    const both = { IdentityPoolId: pool, IdentityId: other.identity, DeveloperUserIdentifier: 'ada' }
    await expectRefused(admin.identity.lookupDeveloperIdentity(both), ResourceConflictException, /does not belong/)
  })

  test('[I17] [I22] a guest who signs in keeps the identity and its data', async () => {
    const guest = await aGuest(server, pool)
    const { SyncSessionToken } = await guest.sync.listRecords(datasetOf(guest))
    const RecordPatches = [{ Op: 'replace', Key: 'theme', Value: 'dark', SyncCount: 0 } as const]
    await guest.sync.updateRecords({ ...datasetOf(guest), SyncSessionToken, RecordPatches })
    const { IdentityId } = await admin.identity.getOpenIdTokenForDeveloperIdentity({
      IdentityPoolId: pool,
      IdentityId: guest.identity,
      Logins: { [DEVELOPER_PROVIDER]: 'was a guest' },
    })
    expect(IdentityId).toBe(guest.identity)
    const signedIn = await aDeveloperUser(server, pool, 'was a guest')
    expect(signedIn.identity).toBe(guest.identity)
    const { Records } = await signedIn.sync.listRecords(datasetOf(signedIn))
    expect(Records).toMatchObject([{ Key: 'theme', Value: 'dark' }])
    const { Logins } = await admin.identity.describeIdentity({ IdentityId })
    expect(Logins).toEqual([DEVELOPER_PROVIDER])
    const asGuest = unsigned.getCredentialsForIdentity({ IdentityId })
    await expectRefused(asGuest, NotAuthorizedException, `Access to Identity '${IdentityId}' is forbidden.`)
  })

  test('[I23] a user who is registered elsewhere cannot take another identity', async () => {
    await aDeveloperUser(server, pool, 'linus')
    const guest = await aGuest(server, pool)
    const call = admin.identity.getOpenIdTokenForDeveloperIdentity({
      IdentityPoolId: pool,
      IdentityId: guest.identity,
      Logins: { [DEVELOPER_PROVIDER]: 'linus' },
    })
    await expectRefused(call, DeveloperUserAlreadyRegisteredException, /registered with an identity other than/)
  })

  test('[I19] [I20] a foreign token is no login', async () => {
    const call = unsigned.getCredentialsForIdentity({
      IdentityId: (await aDeveloperUser(server, pool)).identity,
      Logins: { 'cognito-identity.amazonaws.com': 'e30.e30.e30' },
    })
    await expectRefused(call, NotAuthorizedException, /^Invalid login token\./)
    const provider = unsigned.getId({ IdentityPoolId: pool, Logins: { [DEVELOPER_PROVIDER]: 'ada' } })
    await expectRefused(provider, InvalidParameterException, 'Please provide a valid public provider')
  })

  test('[I11] [I12] identities are listed in pages and deleted; who is deleted is not found', async () => {
    const own = await aPool(server)
    const made = [await aGuest(server, own), await aGuest(server, own), await aDeveloperUser(server, own)]
    const ids = made.map(({ identity }) => identity).sort()
    const first = await admin.identity.listIdentities({ IdentityPoolId: own, MaxResults: 2 })
    const second = await admin.identity.listIdentities({
      IdentityPoolId: own,
      MaxResults: 2,
      NextToken: first.NextToken,
    })
    expect(second.NextToken).toBeUndefined()
    const listed = [...first.Identities!, ...second.Identities!].map(({ IdentityId }) => IdentityId)
    expect(listed.sort()).toEqual(ids)
    const gone = [ids[0]!, ABSENT]
    const { UnprocessedIdentityIds } = await admin.identity.deleteIdentities({ IdentityIdsToDelete: gone })
    expect(UnprocessedIdentityIds).toEqual([{ IdentityId: ABSENT, ErrorCode: 'AccessDenied' }])
    const call = unsigned.getCredentialsForIdentity({ IdentityId: ids[0] })
    await expectRefused(call, ResourceNotFoundException, `Identity '${ids[0]}' not found.`)
  })
})

describe('credential providers', () => {
  test('fromCognitoIdentityPool carries a guest through the enhanced flow', async () => {
    const provider = fromCognitoIdentityPool({ identityPoolId: pool, clientConfig: at(server) })
    const sync = new CognitoSync({ ...at(server), credentials: provider })
    const { identityId } = await provider()
    const listing = await sync.listRecords(datasetOf({ pool, identity: identityId }))
    expect(listing.SyncSessionToken).toEqual(expect.any(String))
  })

  test('fromCognitoIdentity carries a developer’s user', async () => {
    const { IdentityId, Token } = await admin.identity.getOpenIdTokenForDeveloperIdentity({
      IdentityPoolId: pool,
      Logins: { [DEVELOPER_PROVIDER]: 'margaret' },
    })
    const credentials = fromCognitoIdentity({
      identityId: IdentityId!,
      logins: { 'cognito-identity.amazonaws.com': Token! },
      clientConfig: at(server),
    })
    const sync = new CognitoSync({ ...at(server), credentials })
    const listing = await sync.listRecords(datasetOf({ pool, identity: IdentityId! }))
    expect(listing.DatasetExists).toBe(false)
  })

  test('fromWebToken carries a guest through the basic flow', async () => {
    const { IdentityId } = await unsigned.getId({ IdentityPoolId: pool })
    const { Token } = await unsigned.getOpenIdToken({ IdentityId })
    const credentials = fromWebToken({
      roleArn: ROLES.unauthenticated,
      roleSessionName: 'ProviderSession',
      webIdentityToken: Token!,
      clientConfig: at(server),
    })
    const sync = new CognitoSync({ ...at(server), credentials })
    const listing = await sync.listRecords(datasetOf({ pool, identity: IdentityId! }))
    expect(listing.DatasetExists).toBe(false)
  })
})

describe('STS', () => {
  test('[Q1] [Q4] [Q5] [Q7] the basic flow gives credentials for the identity only, in a role of its pool', async () => {
    const { IdentityId } = await unsigned.getId({ IdentityPoolId: pool })
    const { Token } = await unsigned.getOpenIdToken({ IdentityId })
    const sts = new STS(at(server))
    const assumed = await sts.assumeRoleWithWebIdentity({
      RoleArn: ROLES.unauthenticated,
      RoleSessionName: 'me',
      WebIdentityToken: Token,
      DurationSeconds: 900,
    })
    expect(assumed).toMatchObject({
      SubjectFromWebIdentityToken: IdentityId,
      Audience: pool,
      AssumedRoleUser: { Arn: 'arn:aws:sts::000000000000:assumed-role/test-guest/me' },
    })
    expect(Math.round((assumed.Credentials!.Expiration!.getTime() - Date.now()) / 60_000)).toBe(15)
    const { AccessKeyId, SecretAccessKey, SessionToken } = assumed.Credentials!
    const credentials = {
      accessKeyId: AccessKeyId!,
      secretAccessKey: SecretAccessKey!,
      sessionToken: SessionToken!,
    }
    const caller = await new STS({ ...at(server), credentials }).getCallerIdentity({})
    expect(caller).toMatchObject({
      Account: '000000000000',
      Arn: 'arn:aws:sts::000000000000:assumed-role/test-guest/me',
    })
  })

  test('[I9] [Q1] [Q2] another role, a spoilt token and a pool with the basic flow off are refused', async () => {
    const { IdentityId } = await unsigned.getId({ IdentityPoolId: pool })
    const { Token } = await unsigned.getOpenIdToken({ IdentityId })
    const sts = new STS({ ...at(server), maxAttempts: 1 })
    const asked = { RoleArn: ROLES.unauthenticated, RoleSessionName: 'me', WebIdentityToken: Token }
    await expect(sts.assumeRoleWithWebIdentity({ ...asked, RoleArn: ROLES.authenticated })).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    })
    await expect(sts.assumeRoleWithWebIdentity({ ...asked, WebIdentityToken: `${Token}x` })).rejects.toMatchObject({
      name: expect.stringMatching(/^InvalidIdentityToken/),
    })
    const enhancedOnly = await aPool(server, { AllowClassicFlow: false })
    const guest = await unsigned.getId({ IdentityPoolId: enhancedOnly })
    await expectRefused(
      unsigned.getOpenIdToken({ IdentityId: guest.IdentityId }),
      InvalidParameterException,
      'Basic (classic) flow is not enabled, please use enhanced flow.',
    )
  })

  test('[Q7] GetCallerIdentity knows the account', async () => {
    const sts = new STS({ ...at(server), credentials: server.admin })
    expect(await sts.getCallerIdentity({})).toMatchObject({
      Account: '000000000000',
      UserId: '000000000000',
      Arn: 'arn:aws:iam::000000000000:root',
    })
  })
})

describe('published keys', () => {
  test('[J1] [J4] [J5] [J10] a token verifies by the keys that discovery names, and says whose it is', async () => {
    const { IdentityId } = await unsigned.getId({ IdentityPoolId: pool })
    const { Token } = await unsigned.getOpenIdToken({ IdentityId })
    const discovery = (await (await fetch(`${server.url}/.well-known/openid-configuration`)).json()) as {
      issuer: string
      jwks_uri: string
    }
    expect(discovery.issuer).toBe(server.url)
    const { keys } = (await (await fetch(discovery.jwks_uri)).json()) as { keys: (JsonWebKey & { kid: string })[] }
    const [head, claims, signature] = Token!.split('.') as [string, string, string]
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
    const header = read(head)
    const jwk = keys.find(({ kid }) => kid === header['kid'])!
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' }
    const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify'])
    const signed = Buffer.from(`${head}.${claims}`)
    expect(await crypto.subtle.verify(algorithm.name, key, Buffer.from(signature, 'base64url'), signed)).toBe(true)
    expect(read(claims)).toMatchObject({ iss: server.url, aud: pool, sub: IdentityId, amr: ['unauthenticated'] })
  })
})
