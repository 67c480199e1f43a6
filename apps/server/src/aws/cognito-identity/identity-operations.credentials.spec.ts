import 'reflect-metadata'
import { PROVIDER } from '../../identity/testing/an-identity-side.js'
import {
  aCalledPool,
  DO_NOT_MATCH,
  forbidden,
  NO_GUESTS,
  NOT_FOUND,
  own,
  UNKNOWN,
  UNSUPPORTED,
} from './testing/identity-calls.js'

const NO_ROLE =
  'InvalidIdentityPoolConfiguration: Invalid identity pool configuration. Check assigned IAM roles for this pool.'

describe('GetCredentialsForIdentity', () => {
  test('[I21] a guest gets credentials of the guest role for an hour', async () => {
    const { face, IdentityPoolId, credentials } = await aCalledPool()
    const guest = await face.aGuest(IdentityPoolId)
    const answer = (await credentials(guest)) as { Credentials: Record<string, string> }
    expect(answer).toEqual({
      IdentityId: guest,
      Credentials: {
        AccessKeyId: expect.stringMatching(/^ASIA[A-Z0-9]{16}$/),
        SecretKey: expect.stringMatching(/^.{40}$/),
        SessionToken: expect.any(String),
        Expiration: face.clock.now() / 1_000 + 3_600,
      },
    })
    const { AccessKeyId, SessionToken } = answer.Credentials
    expect(face.credentials.open(AccessKeyId!, SessionToken!)?.caller).toMatchObject({
      identity: guest,
      pool: IdentityPoolId,
      authenticated: false,
      roleArn: 'arn:aws:iam::123456789012:role/app-guest',
      sessionName: 'CognitoIdentityCredentials',
    })
  })

  test('[I17] [I21] a developer token opens its identity, in the authenticated role', async () => {
    const { face, IdentityPoolId, credentials } = await aCalledPool()
    const { identity, token } = await face.signIn(IdentityPoolId, 'ada')
    const answer = (await credentials(identity, own(token))) as { Credentials: Record<string, string> }
    const { AccessKeyId, SessionToken } = answer.Credentials
    expect(face.credentials.open(AccessKeyId!, SessionToken!)?.caller).toMatchObject({
      identity,
      authenticated: true,
      roleArn: 'arn:aws:iam::123456789012:role/app-authenticated',
    })
  })

  test('[I17] an authenticated identity is closed to its mere id', async () => {
    const { face, IdentityPoolId, credentials, token } = await aCalledPool()
    const { identity } = await face.signIn(IdentityPoolId, 'ada')
    expect(await credentials(identity)).toBe(forbidden(identity))
    expect(await token(identity)).toBe(forbidden(identity))
  })

  test('[I17] a token of another identity or pool, or from when this one was a guest, does not open it', async () => {
    const { face, IdentityPoolId, credentials } = await aCalledPool()
    const { identity } = await face.signIn(IdentityPoolId, 'ada')
    const bob = await face.signIn(IdentityPoolId, 'bob')
    const elsewhere = await face.signIn((await face.aPool()).pool, 'ada')
    expect(await credentials(identity, own(bob.token))).toBe(DO_NOT_MATCH)
    expect(await credentials(identity, own(elsewhere.token))).toBe(DO_NOT_MATCH)
    const guest = await face.aGuest(IdentityPoolId)
    const guestToken = await face.service.publicFlows.openIdToken(guest, new Map())
    expect(await credentials(identity, own(guestToken))).toBe(DO_NOT_MATCH)
    expect(await credentials(guest, own(bob.token))).toBe(DO_NOT_MATCH)
    await face.signIn(IdentityPoolId, 'eve', guest)
    expect(await credentials(guest, own(guestToken))).toBe(forbidden(guest))
  })

  test('[I8] [I17] an identity that is not there is not found, by the exact text', async () => {
    const { face, credentials, token, developer } = await aCalledPool()
    expect(await credentials(UNKNOWN)).toBe(NOT_FOUND)
    expect(await token(UNKNOWN)).toBe(NOT_FOUND)
    expect(await face.call('DescribeIdentity', { IdentityId: UNKNOWN })).toBe(NOT_FOUND)
    expect(await developer('ada', { IdentityId: UNKNOWN })).toBe(NOT_FOUND)
  })

  test('[I18] [I13] a disabled identity is closed to everything, with any login', async () => {
    const { face, IdentityPoolId, credentials, token, developer } = await aCalledPool()
    const guest = await face.aGuest(IdentityPoolId)
    const ada = await face.signIn(IdentityPoolId, 'ada')
    for (const identity of [guest, ada.identity]) await face.service.identities.disable(identity)
    expect(face.gone).toEqual([guest, ada.identity])
    expect(await credentials(guest)).toBe(forbidden(guest))
    expect(await token(guest)).toBe(forbidden(guest))
    expect(await credentials(ada.identity, own(ada.token))).toBe(forbidden(ada.identity))
    expect(await developer('ada')).toBe(forbidden(ada.identity))
    expect(await developer('bob', { IdentityId: guest })).toBe(forbidden(guest))
  })

  test('[I20] login tokens that are none, not ours, false or too old are refused, each by its text', async () => {
    const { face, IdentityPoolId, credentials } = await aCalledPool()
    const { identity, token } = await face.signIn(IdentityPoolId, 'ada')
    const invalid = (fault: string) => `NotAuthorized: Invalid login token. ${fault}`
    expect(await credentials(identity, own('nonsense'))).toBe(invalid('Not a valid OpenId Connect identity token.'))
    const foreign = `${Buffer.from('{"alg":"RS256","kid":"1"}').toString('base64url')}.e30.AAAA`
    expect(await credentials(identity, own(foreign))).toBe(invalid('Not a Cognito token.'))
    const [header, claims] = token.split('.')
    expect(await credentials(identity, own(`${header}.${claims}.AAAA`))).toBe(invalid("Couldn't verify signed token."))
    face.clock.advance(900_000)
    const now = face.clock.now() / 1_000
    expect(await credentials(identity, own(token))).toBe(invalid(`Token expired: ${now} >= ${now}`))
  })

  test('[I20] one login that fails refuses the call, whatever the others prove', async () => {
    const { face, IdentityPoolId, credentials } = await aCalledPool()
    const { identity, token } = await face.signIn(IdentityPoolId, 'ada')
    expect(await credentials(identity, { ...own(token), 'accounts.google.com': 'x' })).toBe(UNSUPPORTED)
    const guest = await face.aGuest(IdentityPoolId)
    expect(await credentials(guest, own('nonsense'))).toMatch(/^NotAuthorized: Invalid login token/)
    expect(await credentials(guest, { [PROVIDER]: 'ada' })).toBe(
      'InvalidParameter: Please provide a valid public provider',
    )
  })

  test('[I21] a pool without the fitting role gives no credentials', async () => {
    const { face, IdentityPoolId, credentials } = await aCalledPool()
    const guest = await face.aGuest(IdentityPoolId)
    const ada = await face.signIn(IdentityPoolId, 'ada')
    await face.service.pools.setRoles(IdentityPoolId, {
      authenticated: null,
      unauthenticated: 'x',
      mappings: new Map(),
    })
    expect(await credentials(guest)).toMatchObject({ IdentityId: guest })
    expect(await credentials(ada.identity, own(ada.token))).toBe(NO_ROLE)
    await face.service.pools.setRoles(IdentityPoolId, {
      authenticated: 'x',
      unauthenticated: null,
      mappings: new Map(),
    })
    expect(await credentials(guest)).toBe(NO_ROLE)
  })

  test('[I21] a role of the caller’s choice needs a token that names it', async () => {
    const { face, IdentityPoolId, credentials } = await aCalledPool()
    const CustomRoleArn = 'arn:aws:iam::123456789012:role/admin'
    const guest = await face.aGuest(IdentityPoolId)
    expect(await credentials(guest, {}, { CustomRoleArn })).toBe(
      'NotAuthorized: CustomRoleArn needs a login whose token names its roles; none of these logins has one',
    )
  })

  test('[I21] a mapping of the login’s provider that denies what it cannot decide denies', async () => {
    const { face, IdentityPoolId, credentials } = await aCalledPool()
    const ada = await face.signIn(IdentityPoolId, 'ada')
    const mapped = (AmbiguousRoleResolution: 'Deny' | 'AuthenticatedRole') =>
      face.service.pools.setRoles(IdentityPoolId, {
        authenticated: 'arn:a',
        unauthenticated: null,
        mappings: new Map([[PROVIDER, { Type: 'Token', AmbiguousRoleResolution }]]),
      })
    await mapped('Deny')
    expect(await credentials(ada.identity, own(ada.token))).toMatch(/^NotAuthorized: No role mapping/)
    await mapped('AuthenticatedRole')
    expect(await credentials(ada.identity, own(ada.token))).toMatchObject({ IdentityId: ada.identity })
  })

  test('[I15] [I10] guests made before guests were forbidden are forbidden too', async () => {
    const { face, IdentityPoolId, credentials, token } = await aCalledPool()
    const guest = await face.aGuest(IdentityPoolId)
    const { settings } = await face.service.pools.describe(IdentityPoolId)
    await face.service.pools.update(IdentityPoolId, { ...settings, allowUnauthenticated: false })
    expect(await credentials(guest)).toBe(NO_GUESTS)
    expect(await token(guest)).toBe(NO_GUESTS)
  })
})
