import 'reflect-metadata'
import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { PROVIDER } from '../../identity/testing/an-identity-side.js'
import { AnIdentityFace } from '../cognito-identity/testing/an-identity-face.js'

const GUEST_ROLE = 'arn:aws:iam::123456789012:role/app-guest'
const USER_ROLE = 'arn:aws:iam::123456789012:role/app-authenticated'
const DENIED = 'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity'

let face: AnIdentityFace
let pool: IdentityPoolId
let guest: IdentityId
let guestToken: string

beforeEach(async () => {
  face = new AnIdentityFace()
  pool = (await face.aPool()).pool
  guest = await face.aGuest(pool)
  guestToken = await face.service.publicFlows.openIdToken(guest, new Map())
})

const assume = (WebIdentityToken: string, more: Readonly<Record<string, string>> = {}) =>
  face.callSts({
    Action: 'AssumeRoleWithWebIdentity',
    RoleArn: GUEST_ROLE,
    RoleSessionName: 'web',
    WebIdentityToken,
    ...more,
  })
const textOf = (xml: string, element: string) => new RegExp(`<${element}>(.*?)</${element}>`).exec(xml)?.[1]

describe('AssumeRoleWithWebIdentity', () => {
  test('[Q1] [Q4] a guest’s token gives credentials of the guest role, unsigned', async () => {
    face.verifier.caller = null
    const xml = await assume(guestToken)
    expect(xml).toMatch(
      /^<AssumeRoleWithWebIdentityResponse xmlns="https:\/\/sts.amazonaws.com\/doc\/2011-06-15\/"><AssumeRoleWithWebIdentityResult>/,
    )
    expect(xml).toContain('<ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata>')
    expect(textOf(xml, 'SubjectFromWebIdentityToken')).toBe(guest)
    expect(textOf(xml, 'Audience')).toBe(pool)
    expect(textOf(xml, 'Arn')).toBe('arn:aws:sts::123456789012:assumed-role/app-guest/web')
    expect(textOf(xml, 'AssumedRoleId')).toMatch(/^AROA[A-Z0-9]{17}:web$/)
    expect(textOf(xml, 'Expiration')).toBe('2026-05-17T10:30:00Z')
    expect(textOf(xml, 'SecretAccessKey')).toHaveLength(40)
    expect(face.credentials.open(textOf(xml, 'AccessKeyId')!, textOf(xml, 'SessionToken')!)?.caller).toMatchObject({
      identity: guest,
      pool,
      authenticated: false,
      roleArn: GUEST_ROLE,
      sessionName: 'web',
    })
    expect(face.verifier.asked).toEqual([])
  })

  test('[Q2] a token opens the role that the pool has for its kind of bearer, and no other', async () => {
    const { token } = await face.signIn(pool, 'ada')
    expect(await assume(token, { RoleArn: USER_ROLE })).toContain('<Credentials>')
    expect(await assume(token, { RoleArn: GUEST_ROLE })).toBe(DENIED)
    expect(await assume(guestToken, { RoleArn: USER_ROLE })).toBe(DENIED)
    expect(await assume(guestToken, { RoleArn: `${GUEST_ROLE}x` })).toBe(DENIED)
    await face.service.pools.setRoles(pool, { authenticated: null, unauthenticated: null, mappings: new Map() })
    expect(await assume(guestToken)).toBe(DENIED)
  })

  test('[Q3] a token is worth nothing once what it says is no longer so', async () => {
    const ada = await face.signIn(pool, 'ada')
    const roleOf = { RoleArn: USER_ROLE }
    await face.signIn(pool, 'bob', guest)
    expect(await assume(guestToken)).toBe(DENIED) // no guest any more
    await face.service.identities.disable(ada.identity)
    expect(await assume(ada.token, roleOf)).toBe(DENIED)
    const eve = await face.signIn(pool, 'eve')
    await face.service.identities.delete([eve.identity])
    expect(await assume(eve.token, roleOf)).toBe(DENIED)
    const carl = await face.signIn(pool, 'carl')
    await face.service.pools.delete(pool)
    expect(await assume(carl.token, roleOf)).toBe(DENIED)
  })

  test('[Q3] a pool that closes the basic flow or to guests closes it here too', async () => {
    const { settings, roles } = await face.service.pools.describe(pool)
    await face.service.pools.update(pool, { ...settings, allowClassicFlow: false })
    expect(await assume(guestToken)).toBe(DENIED)
    await face.service.pools.update(pool, { ...settings, allowUnauthenticated: false })
    expect(await assume(guestToken)).toBe(DENIED)
    await face.service.pools.update(pool, settings)
    const mappings = new Map([[PROVIDER, { Type: 'Token', AmbiguousRoleResolution: 'Deny' }]] as const)
    await face.service.pools.setRoles(pool, { ...roles, mappings })
    expect(await assume(guestToken)).toBe(DENIED)
  })

  test('[Q1] other tokens are refused, each by its code and text', async () => {
    expect(await assume('nonsense')).toBe(
      'InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    )
    const [header, claims] = guestToken.split('.')
    expect(await assume(`${header}.${claims}.AAAA`)).toMatch(/^InvalidIdentityToken: /)
    const foreign = `${Buffer.from('{"alg":"RS256","kid":"1"}').toString('base64url')}.e30.AAAA`
    expect(await assume(foreign)).toMatch(/^InvalidIdentityToken: /)
    face.clock.advance(600_000)
    const now = face.clock.now() / 1_000
    expect(await assume(guestToken)).toBe(
      `ExpiredWebIdentityToken: Token expired: current date/time ${now} must be before the expiration date/time ${now}`,
    )
  })

  test('[Q5] durations are the caller’s, within bounds, and session policies are refused', async () => {
    expect(textOf(await assume(guestToken, { DurationSeconds: '900' }), 'Expiration')).toBe('2026-05-17T09:45:00Z')
    expect(textOf(await assume(guestToken, { DurationSeconds: '43200' }), 'Expiration')).toBe('2026-05-17T21:30:00Z')
    for (const DurationSeconds of ['899', '43201', '-1', 'x', '1e3', '900.5', '', '9'.repeat(40)]) {
      expect(await assume(guestToken, { DurationSeconds })).toMatch(/^Validation: .*at 'durationSeconds'/)
    }
    expect(await assume(guestToken, { Policy: '{}' })).toMatch(/^InvalidParameter: Policy and PolicyArns/)
    expect(await assume(guestToken, { 'PolicyArns.member.1.arn': 'x' })).toMatch(
      /^InvalidParameter: Policy and PolicyArns/,
    )
  })

  test('[Q6] members are checked as AWS words it', async () => {
    expect(await assume(guestToken, { RoleSessionName: 'a b' })).toBe(
      "Validation: 1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    )
    expect(await assume('abc')).toMatch(/Value at 'webIdentityToken' .* greater than or equal to 4$/)
    expect(await face.callSts({ Action: 'AssumeRoleWithWebIdentity' })).toMatch(
      /^Validation: 3 validation errors detected/,
    )
  })
})

describe('GetCallerIdentity', () => {
  test('[Q7] the account is its root, an identity the session that it assumed', async () => {
    const xml = await face.callSts({ Action: 'GetCallerIdentity' })
    expect([textOf(xml, 'Arn'), textOf(xml, 'UserId'), textOf(xml, 'Account')]).toEqual([
      'arn:aws:iam::123456789012:root',
      '123456789012',
      '123456789012',
    ])
    const assumed = await assume(guestToken)
    face.verifier.caller = face.credentials.open(
      textOf(assumed, 'AccessKeyId')!,
      textOf(assumed, 'SessionToken')!,
    )!.caller
    const session = await face.callSts({ Action: 'GetCallerIdentity' })
    expect(textOf(session, 'Arn')).toBe(textOf(assumed, 'Arn'))
    expect(textOf(session, 'UserId')).toBe(textOf(assumed, 'AssumedRoleId'))
    expect(face.verifier.asked).toEqual(['sts', 'sts'])
  })

  test('[Q7] nobody else gets an answer', async () => {
    face.verifier.caller = null
    expect(await face.callSts({ Action: 'GetCallerIdentity' })).toMatch(/^MissingAuthenticationToken/)
  })
})

describe('forms', () => {
  test('[Q6] actions that are missing, unknown or not implemented are refused', async () => {
    for (const Action of ['AssumeRole', 'GetSessionToken', 'AssumeRoleWithSAML']) {
      expect(await face.callSts({ Action })).toBe(
        `InvalidAction: The operation ${Action} is not implemented by this server`,
      )
    }
    for (const Action of ['', 'x', '__proto__', '<b>']) {
      expect(await face.callSts({ Action })).toBe(
        'InvalidAction: Action names no operation of the Security Token Service',
      )
    }
    expect(await face.callSts('Action=GetCallerIdentity')).toBe('InvalidAction: Version has to be 2011-06-15')
    expect(await face.callSts('Action=GetCallerIdentity&Version=2015-01-01')).toMatch(/^InvalidAction/)
  })

  test('[Q6] a name that occurs twice, too many names and bad UTF-8 are refused', async () => {
    expect(await face.callSts('Action=GetCallerIdentity&Version=2011-06-15&Action=AssumeRole')).toMatch(
      /^Serialization: /,
    )
    const many = Array.from({ length: 300 }, (_, n) => `p${n}=1`).join('&')
    expect(await face.callSts(`Action=GetCallerIdentity&Version=2011-06-15&${many}`)).toMatch(/^Serialization: /)
  })

  test('[Q6] what callers choose is escaped in XML', async () => {
    const role = 'arn:aws:iam::123456789012:role/<&">'
    await face.service.pools.setRoles(pool, { authenticated: null, unauthenticated: role, mappings: new Map() })
    const xml = await assume(guestToken, { RoleArn: role })
    expect(textOf(xml, 'Arn')).toBe('arn:aws:sts::123456789012:assumed-role/&lt;&amp;&quot;&gt;/web')
  })
})
