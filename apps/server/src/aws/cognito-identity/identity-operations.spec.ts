import 'reflect-metadata'
import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { OWN_PROVIDER } from '../../identity/login-proofs.js'
import { partsOf, PROVIDER } from '../../identity/testing/an-identity-side.js'
import { AnIdentityFace } from './testing/an-identity-face.js'

const UNKNOWN = 'eu-central-1:00000000-0000-4000-8000-000000000000'
const NOT_FOUND = `ResourceNotFound: Identity '${UNKNOWN}' not found.`
const DO_NOT_MATCH =
  "NotAuthorized: Logins don't match. Please include at least one valid login for this identity or identity pool."
const NO_GUESTS = 'NotAuthorized: Unauthenticated access is not supported for this identity pool.'
const UNSUPPORTED = 'NotAuthorized: Token is not from a supported provider of this identity pool.'
const NO_ROLE =
  'InvalidIdentityPoolConfiguration: Invalid identity pool configuration. Check assigned IAM roles for this pool.'

let face: AnIdentityFace
let IdentityPoolId: IdentityPoolId

beforeEach(async () => {
  face = new AnIdentityFace()
  IdentityPoolId = (await face.aPool()).pool
})

const own = (token: string) => ({ [OWN_PROVIDER]: token })
const credentials = (IdentityId: string, Logins?: object, more: object = {}) =>
  face.call('GetCredentialsForIdentity', { IdentityId, Logins, ...more })
const token = (IdentityId: string, Logins?: object) => face.call('GetOpenIdToken', { IdentityId, Logins })
const developer = (user: string, more: object = {}) =>
  face.call('GetOpenIdTokenForDeveloperIdentity', { IdentityPoolId, Logins: { [PROVIDER]: user }, ...more })
const forbidden = (identity: string) => `NotAuthorized: Access to Identity '${identity}' is forbidden.`

describe('GetId', () => {
  test('[I15] every call makes a new guest', async () => {
    const first = (await face.call('GetId', { IdentityPoolId, AccountId: '123' })) as { IdentityId: string }
    expect(first).toEqual({ IdentityId: expect.stringMatching(/^eu-central-1:[0-9a-f-]{36}$/) })
    expect(await face.call('GetId', { IdentityPoolId, Logins: {} })).not.toEqual(first)
  })

  test('[I15] without guests there is no id', async () => {
    const pool = (await face.aPool({ allowUnauthenticated: false })).pool
    expect(await face.call('GetId', { IdentityPoolId: pool })).toBe(NO_GUESTS)
  })

  test('[I19] providers that prove nothing here are refused, each by its text', async () => {
    const getId = (Logins: object) => face.call('GetId', { IdentityPoolId, Logins })
    expect(await getId({ 'accounts.google.com': 'x' })).toBe(UNSUPPORTED)
    expect(await getId({ [PROVIDER]: 'ada' })).toBe('InvalidParameter: Please provide a valid public provider')
    const { token } = await face.signIn(IdentityPoolId, 'ada')
    expect(await getId(own(token))).toBe("NotAuthorized: Invalid login token. Can't pass in a Cognito token.")
    expect(await getId({ ['__proto__']: 'x' })).toBe(UNSUPPORTED)
  })

  test('[I16] one address makes so many and no more', async () => {
    const limited = new AnIdentityFace({ guestRate: { perSecond: 1, burst: 2 } })
    const pool = (await limited.aPool()).pool
    const asked = []
    for (let n = 0; n < 3; n++) asked.push(await limited.call('GetId', { IdentityPoolId: pool }))
    expect(asked[1]).toMatchObject({ IdentityId: expect.anything() })
    expect(asked[2]).toBe('TooManyRequests: Too many new identities were asked for from this address')
    expect(limited.database.identities.size).toBe(2)
    const refused = limited.aGuest(pool)
    await expect(refused).rejects.toMatchObject({ code: 'TooManyRequests', retryAfterSeconds: 1 })
  })
})

describe('GetCredentialsForIdentity', () => {
  test('[I21] a guest gets credentials of the guest role for an hour', async () => {
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
    const { identity } = await face.signIn(IdentityPoolId, 'ada')
    expect(await credentials(identity)).toBe(forbidden(identity))
    expect(await token(identity)).toBe(forbidden(identity))
  })

  test('[I17] a token of another identity or pool, or from when this one was a guest, does not open it', async () => {
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
    expect(await credentials(UNKNOWN)).toBe(NOT_FOUND)
    expect(await token(UNKNOWN)).toBe(NOT_FOUND)
    expect(await face.call('DescribeIdentity', { IdentityId: UNKNOWN })).toBe(NOT_FOUND)
    expect(await developer('ada', { IdentityId: UNKNOWN })).toBe(NOT_FOUND)
  })

  test('[I18] [I13] a disabled identity is closed to everything, with any login', async () => {
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
    const { identity, token } = await face.signIn(IdentityPoolId, 'ada')
    expect(await credentials(identity, { ...own(token), 'accounts.google.com': 'x' })).toBe(UNSUPPORTED)
    const guest = await face.aGuest(IdentityPoolId)
    expect(await credentials(guest, own('nonsense'))).toMatch(/^NotAuthorized: Invalid login token/)
    expect(await credentials(guest, { [PROVIDER]: 'ada' })).toBe(
      'InvalidParameter: Please provide a valid public provider',
    )
  })

  test('[I21] a pool without the fitting role gives no credentials', async () => {
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
    const CustomRoleArn = 'arn:aws:iam::123456789012:role/admin'
    const guest = await face.aGuest(IdentityPoolId)
    expect(await credentials(guest, {}, { CustomRoleArn })).toBe(
      'NotAuthorized: CustomRoleArn needs a login whose token names its roles; none of these logins has one',
    )
  })

  test('[I21] a mapping of the login’s provider that denies what it cannot decide denies', async () => {
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
    const guest = await face.aGuest(IdentityPoolId)
    const { settings } = await face.service.pools.describe(IdentityPoolId)
    await face.service.pools.update(IdentityPoolId, { ...settings, allowUnauthenticated: false })
    expect(await credentials(guest)).toBe(NO_GUESTS)
    expect(await token(guest)).toBe(NO_GUESTS)
  })
})

describe('GetOpenIdToken', () => {
  test('[I10] a guest gets a token for ten minutes, and needs no role for it', async () => {
    const guest = await face.aGuest(IdentityPoolId)
    await face.service.pools.setRoles(IdentityPoolId, {
      authenticated: null,
      unauthenticated: null,
      mappings: new Map(),
    })
    const answer = (await token(guest)) as { IdentityId: string; Token: string }
    expect(answer.IdentityId).toBe(guest)
    const { claims } = partsOf(answer.Token)
    expect(claims).toMatchObject({ sub: guest, aud: IdentityPoolId, amr: ['unauthenticated'] })
    expect(Number(claims.exp) - Number(claims.iat)).toBe(600)
  })

  test('[I9] the basic flow is closed by its switch and by role mappings, each with its text', async () => {
    const off = (await face.aPool({ allowClassicFlow: false })).pool
    const guest = await face.aGuest(off)
    expect(await token(guest)).toBe('InvalidParameter: Basic (classic) flow is not enabled, please use enhanced flow.')
    expect(await credentials(guest)).toMatchObject({ IdentityId: guest })
    const mapped = await face.aGuest(IdentityPoolId)
    const mappings = new Map([['x', { Type: 'Token', AmbiguousRoleResolution: 'Deny' }]] as const)
    await face.service.pools.setRoles(IdentityPoolId, { authenticated: 'a', unauthenticated: 'b', mappings })
    expect(await token(mapped)).toBe(
      'InvalidParameter: Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.',
    )
  })

  test('[I9] a pool that never said allows the basic flow', async () => {
    const guest = await face.aGuest((await face.aPool({ allowClassicFlow: null })).pool)
    expect(await token(guest)).toMatchObject({ IdentityId: guest })
  })

  test('[I19] a token of the pool cannot be exchanged for a fresh one', async () => {
    const { identity, token: sent } = await face.signIn(IdentityPoolId, 'ada')
    expect(await token(identity, own(sent))).toBe("NotAuthorized: Invalid login token. Can't pass in a Cognito token.")
  })
})

describe('GetOpenIdTokenForDeveloperIdentity', () => {
  test('[I22] [I26] a new user is a new identity, with a token for fifteen minutes', async () => {
    const answer = (await developer('ada')) as { IdentityId: string; Token: string }
    const { claims } = partsOf(answer.Token)
    expect(claims).toMatchObject({
      sub: answer.IdentityId,
      amr: ['authenticated', PROVIDER, `${PROVIDER}:${IdentityPoolId}:ada`],
    })
    expect(Number(claims.exp) - Number(claims.iat)).toBe(900)
    expect(await developer('ada')).toMatchObject({ IdentityId: answer.IdentityId })
    expect(await developer('bob')).not.toMatchObject({ IdentityId: answer.IdentityId })
  })

  test('[I22] a user who was a guest keeps identity and data', async () => {
    const guest = await face.aGuest(IdentityPoolId)
    const answer = (await developer('ada', { IdentityId: guest })) as { IdentityId: string; Token: string }
    expect(answer.IdentityId).toBe(guest)
    expect(await developer('ada')).toMatchObject({ IdentityId: guest })
    expect(await credentials(guest)).toBe(forbidden(guest))
    expect(await credentials(guest, own(answer.Token))).toMatchObject({ IdentityId: guest })
  })

  test('[I23] a user registered with one identity cannot become another', async () => {
    await developer('ada')
    const guest = await face.aGuest(IdentityPoolId)
    expect(await developer('ada', { IdentityId: guest })).toBe(
      `DeveloperUserAlreadyRegistered: The developer user identifier is registered with an identity other than '${guest}'`,
    )
    expect(await credentials(guest)).toMatchObject({ IdentityId: guest })
  })

  test('[I24] an identity that has a login takes no second one', async () => {
    const ada = await face.signIn(IdentityPoolId, 'ada')
    expect(await developer('bob', { IdentityId: ada.identity })).toBe(DO_NOT_MATCH)
  })

  test('[I25] fifty calls at once for one new user end on one identity', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => developer('ada')))
    expect(new Set(answers.map((answer) => (answer as { IdentityId: IdentityId }).IdentityId)).size).toBe(1)
    expect(face.database.identities.size).toBe(1)
    expect(face.database.logins).toHaveLength(1)
  })

  test('[I26] only the pool’s own developer provider counts', async () => {
    const wrong = 'InvalidParameter: This identity pool does not support the specified developer provider'
    const call = (Logins: object) => face.call('GetOpenIdTokenForDeveloperIdentity', { IdentityPoolId, Logins })
    for (const logins of [{}, { other: 'ada' }, { 'accounts.google.com': 'x' }, { [PROVIDER.toUpperCase()]: 'ada' }]) {
      expect(await call(logins)).toBe(wrong)
    }
    expect(await call({ [PROVIDER]: 'ada', 'accounts.google.com': 'x' })).toBe(UNSUPPORTED)
    const none = (await face.aPool({ developerProvider: null })).pool
    expect(await developer('ada', { IdentityPoolId: none })).toBe(wrong)
    expect(face.database.identities.size).toBe(0)
  })

  test('[I26] durations and tags are the caller’s, within bounds', async () => {
    const answer = (await developer('ada', { TokenDuration: 86_400, PrincipalTags: { team: 'red' } })) as {
      Token: string
    }
    const { claims } = partsOf(answer.Token)
    expect(Number(claims.exp) - Number(claims.iat)).toBe(86_400)
    expect(claims['https://aws.amazon.com/tags']).toEqual({ principal_tags: { team: ['red'] } })
    expect(await developer('ada', { TokenDuration: 86_401 })).toMatch(/^Validation: .*'86401' at 'tokenDuration'/)
    expect(await developer('ada', { PrincipalTags: { a: 'é'.repeat(200), b: 'x'.repeat(59) } })).toBe(
      'InvalidParameter: PrincipalTags have 461 bytes, they may have at most 460',
    )
    expect(await developer('x'.repeat(1_025))).toBe(
      'InvalidParameter: The developer user identifier has 1025 characters, it may have at most 1024',
    )
  })
})

describe('LookupDeveloperIdentity', () => {
  const lookup = (input: object) => face.call('LookupDeveloperIdentity', { IdentityPoolId, ...input })

  test('[I27] either finds the other, and both are verified', async () => {
    const { identity } = await face.signIn(IdentityPoolId, 'ada')
    const bob = await face.signIn(IdentityPoolId, 'bob')
    const found = { IdentityId: identity, DeveloperUserIdentifierList: ['ada'] }
    expect(await lookup({ IdentityId: identity })).toEqual(found)
    expect(await lookup({ DeveloperUserIdentifier: 'ada' })).toEqual(found)
    expect(await lookup({ IdentityId: identity, DeveloperUserIdentifier: 'ada' })).toEqual(found)
    expect(await lookup({ IdentityId: bob.identity, DeveloperUserIdentifier: 'ada' })).toBe(
      `ResourceConflict: The developer user identifier does not belong to the identity '${bob.identity}'`,
    )
  })

  test('[I27] what is not there is not found, a guest has no users, and nothing asked is refused', async () => {
    expect(await lookup({ DeveloperUserIdentifier: 'eve' })).toBe(
      'ResourceNotFound: No identity of this pool has the developer user identifier',
    )
    expect(await lookup({ IdentityId: UNKNOWN })).toBe(NOT_FOUND)
    const elsewhere = await face.aGuest((await face.aPool()).pool)
    expect(await lookup({ IdentityId: elsewhere })).toBe(`ResourceNotFound: Identity '${elsewhere}' not found.`)
    const guest = await face.aGuest(IdentityPoolId)
    expect(await lookup({ IdentityId: guest })).toEqual({ IdentityId: guest, DeveloperUserIdentifierList: [] })
    expect(await lookup({})).toBe('InvalidParameter: Either IdentityId or DeveloperUserIdentifier has to be given')
  })

  test('[I27] users of one identity come page by page', async () => {
    const { identity } = await face.signIn(IdentityPoolId, 'a')
    for (const userId of ['c', 'b'])
      face.database.logins.push({ pool: IdentityPoolId, provider: PROVIDER, userId, identity })
    const first = (await lookup({ IdentityId: identity, MaxResults: 2 })) as { NextToken: string }
    expect(first).toMatchObject({ DeveloperUserIdentifierList: ['a', 'b'] })
    const second = await lookup({ IdentityId: identity, MaxResults: 2, NextToken: first.NextToken })
    expect(second).toEqual({ IdentityId: identity, DeveloperUserIdentifierList: ['c'] })
  })
})

describe('what owners see', () => {
  test('[I8] an identity shows its providers, not its users, and times in seconds', async () => {
    const { identity } = await face.signIn(IdentityPoolId, 'ada')
    const at = face.clock.now() / 1_000
    const shown = { IdentityId: identity, Logins: [PROVIDER], CreationDate: at, LastModifiedDate: at }
    expect(await face.call('DescribeIdentity', { IdentityId: identity })).toEqual(shown)
    const guest = await face.aGuest(IdentityPoolId)
    const shownGuest = { IdentityId: guest, CreationDate: at, LastModifiedDate: at }
    expect(await face.call('DescribeIdentity', { IdentityId: guest })).toEqual(shownGuest)
  })

  test('[I11] identities are listed page by page, disabled ones unless hidden', async () => {
    const made = []
    for (let n = 0; n < 5; n++) made.push(await face.aGuest(IdentityPoolId))
    const ids = made.sort()
    await face.service.identities.disable(ids[1]!)
    const list = (more: object) => face.call('ListIdentities', { IdentityPoolId, MaxResults: 3, ...more })
    const first = (await list({})) as { NextToken: string; Identities: { IdentityId: string }[] }
    expect(first.Identities.map(({ IdentityId }) => IdentityId)).toEqual(ids.slice(0, 3))
    const second = (await list({ NextToken: first.NextToken })) as typeof first
    expect(second.Identities.map(({ IdentityId }) => IdentityId)).toEqual(ids.slice(3))
    expect(second).not.toHaveProperty('NextToken')
    const hidden = (await list({ HideDisabled: true })) as typeof first
    expect(hidden.Identities.map(({ IdentityId }) => IdentityId)).toEqual([ids[0], ids[2], ids[3]])
    const other = (await face.aPool()).pool
    expect(await list({ IdentityPoolId: other, NextToken: first.NextToken })).toMatch(/^InvalidParameter: NextToken/)
  })

  test('[I12] deleting answers what was not there, and tells who asked to know', async () => {
    const guest = await face.aGuest(IdentityPoolId)
    const { identity } = await face.signIn(IdentityPoolId, 'ada')
    const answer = await face.call('DeleteIdentities', { IdentityIdsToDelete: [guest, UNKNOWN, identity, guest] })
    expect(answer).toEqual({ UnprocessedIdentityIds: [{ IdentityId: UNKNOWN, ErrorCode: 'AccessDenied' }] })
    expect(face.gone).toEqual([guest, identity])
    expect(await credentials(guest)).toBe(`ResourceNotFound: Identity '${guest}' not found.`)
    expect(await developer('ada')).not.toMatchObject({ IdentityId: identity })
  })
})
