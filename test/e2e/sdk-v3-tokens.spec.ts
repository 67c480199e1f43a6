import { InvalidParameterException } from '@aws-sdk/client-cognito-identity'
import { CognitoSync } from '@aws-sdk/client-cognito-sync'
import { STS } from '@aws-sdk/client-sts'
import { fromCognitoIdentity, fromCognitoIdentityPool, fromWebToken } from '@aws-sdk/credential-providers'
import { aPool, at, datasetOf, DEVELOPER_PROVIDER, ROLES } from '../support/a-pool.js'
import { expectIdentityRefused } from '../support/refusal.js'
import { servedGuest } from '../support/served-guest.js'

const on = servedGuest({ AllowClassicFlow: true })

describe('credential providers', () => {
  test('fromCognitoIdentityPool carries a guest through the enhanced flow', async () => {
    const provider = fromCognitoIdentityPool({ identityPoolId: on.pool, clientConfig: at(on.server) })
    const sync = new CognitoSync({ ...at(on.server), credentials: provider })
    const { identityId } = await provider()
    const listing = await sync.listRecords(datasetOf({ pool: on.pool, identity: identityId }))
    expect(listing.SyncSessionToken).toEqual(expect.any(String))
  })

  test('fromCognitoIdentity carries a developer’s user', async () => {
    const { IdentityId, Token } = await on.admin.identity.getOpenIdTokenForDeveloperIdentity({
      IdentityPoolId: on.pool,
      Logins: { [DEVELOPER_PROVIDER]: 'margaret' },
    })
    const credentials = fromCognitoIdentity({
      identityId: IdentityId!,
      logins: { 'cognito-identity.amazonaws.com': Token! },
      clientConfig: at(on.server),
    })
    const sync = new CognitoSync({ ...at(on.server), credentials })
    const listing = await sync.listRecords(datasetOf({ pool: on.pool, identity: IdentityId! }))
    expect(listing.DatasetExists).toBe(false)
  })

  test('fromWebToken carries a guest through the basic flow', async () => {
    const { IdentityId } = await on.unsigned.getId({ IdentityPoolId: on.pool })
    const { Token } = await on.unsigned.getOpenIdToken({ IdentityId })
    const credentials = fromWebToken({
      roleArn: ROLES.unauthenticated,
      roleSessionName: 'ProviderSession',
      webIdentityToken: Token!,
      clientConfig: at(on.server),
    })
    const sync = new CognitoSync({ ...at(on.server), credentials })
    const listing = await sync.listRecords(datasetOf({ pool: on.pool, identity: IdentityId! }))
    expect(listing.DatasetExists).toBe(false)
  })
})

describe('STS', () => {
  test('[Q1] [Q4] [Q5] [Q7] the basic flow gives credentials for the identity only, in a role of its pool', async () => {
    const { IdentityId } = await on.unsigned.getId({ IdentityPoolId: on.pool })
    const { Token } = await on.unsigned.getOpenIdToken({ IdentityId })
    const sts = new STS(at(on.server))
    const assumed = await sts.assumeRoleWithWebIdentity({
      RoleArn: ROLES.unauthenticated,
      RoleSessionName: 'me',
      WebIdentityToken: Token,
      DurationSeconds: 900,
    })
    expect(assumed).toMatchObject({
      SubjectFromWebIdentityToken: IdentityId,
      Audience: on.pool,
      AssumedRoleUser: { Arn: 'arn:aws:sts::000000000000:assumed-role/test-guest/me' },
    })
    expect(Math.round((assumed.Credentials!.Expiration!.getTime() - Date.now()) / 60_000)).toBe(15)
    const { AccessKeyId, SecretAccessKey, SessionToken } = assumed.Credentials!
    const credentials = {
      accessKeyId: AccessKeyId!,
      secretAccessKey: SecretAccessKey!,
      sessionToken: SessionToken!,
    }
    const caller = await new STS({ ...at(on.server), credentials }).getCallerIdentity({})
    expect(caller).toMatchObject({
      Account: '000000000000',
      Arn: 'arn:aws:sts::000000000000:assumed-role/test-guest/me',
    })
  })

  test('[I9] [Q1] [Q2] another role, a spoilt token and a pool with the basic flow off are refused', async () => {
    const { IdentityId } = await on.unsigned.getId({ IdentityPoolId: on.pool })
    const { Token } = await on.unsigned.getOpenIdToken({ IdentityId })
    const sts = new STS({ ...at(on.server), maxAttempts: 1 })
    const asked = { RoleArn: ROLES.unauthenticated, RoleSessionName: 'me', WebIdentityToken: Token }
    await expect(sts.assumeRoleWithWebIdentity({ ...asked, RoleArn: ROLES.authenticated })).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    })
    await expect(sts.assumeRoleWithWebIdentity({ ...asked, WebIdentityToken: `${Token}x` })).rejects.toMatchObject({
      name: expect.stringMatching(/^InvalidIdentityToken/),
    })
    const enhancedOnly = await aPool(on.server, { AllowClassicFlow: false })
    const guest = await on.unsigned.getId({ IdentityPoolId: enhancedOnly })
    await expectIdentityRefused(
      on.unsigned.getOpenIdToken({ IdentityId: guest.IdentityId }),
      InvalidParameterException,
      'Basic (classic) flow is not enabled, please use enhanced flow.',
    )
  })

  test('[Q7] GetCallerIdentity knows the account', async () => {
    const sts = new STS({ ...at(on.server), credentials: on.server.admin })
    expect(await sts.getCallerIdentity({})).toMatchObject({
      Account: '000000000000',
      UserId: '000000000000',
      Arn: 'arn:aws:iam::000000000000:root',
    })
  })
})

describe('published keys', () => {
  test('[J1] [J4] [J5] [J10] a token verifies by the keys that discovery names, and says whose it is', async () => {
    const { IdentityId } = await on.unsigned.getId({ IdentityPoolId: on.pool })
    const { Token } = await on.unsigned.getOpenIdToken({ IdentityId })
    const discovery = (await (await fetch(`${on.server.url}/.well-known/openid-configuration`)).json()) as {
      issuer: string
      jwks_uri: string
    }
    expect(discovery.issuer).toBe(on.server.url)
    const { keys } = (await (await fetch(discovery.jwks_uri)).json()) as { keys: (JsonWebKey & { kid: string })[] }
    const [head, claims, signature] = Token!.split('.') as [string, string, string]
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
    const header = read(head)
    const jwk = keys.find(({ kid }) => kid === header['kid'])!
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' }
    const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify'])
    const signed = Buffer.from(`${head}.${claims}`)
    expect(await crypto.subtle.verify(algorithm.name, key, Buffer.from(signature, 'base64url'), signed)).toBe(true)
    expect(read(claims)).toMatchObject({ iss: on.server.url, aud: on.pool, sub: IdentityId, amr: ['unauthenticated'] })
  })
})
