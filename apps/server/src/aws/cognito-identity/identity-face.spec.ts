import 'reflect-metadata'
import { AnIdentityFace, ACCOUNT } from './testing/an-identity-face.js'

const SIGNED = [
  'CreateIdentityPool',
  'DeleteIdentities',
  'DeleteIdentityPool',
  'DescribeIdentity',
  'DescribeIdentityPool',
  'GetIdentityPoolRoles',
  'GetOpenIdTokenForDeveloperIdentity',
  'ListIdentities',
  'ListIdentityPools',
  'LookupDeveloperIdentity',
  'SetIdentityPoolRoles',
  'UpdateIdentityPool',
]
const UNSIGNED = ['GetCredentialsForIdentity', 'GetId', 'GetOpenIdToken']
const MISSING = [
  'GetPrincipalTagAttributeMap',
  'ListTagsForResource',
  'MergeDeveloperIdentities',
  'SetPrincipalTagAttributeMap',
  'TagResource',
  'UnlinkDeveloperIdentity',
  'UnlinkIdentity',
  'UntagResource',
]
const UNKNOWN = 'eu-central-1:00000000-0000-4000-8000-000000000000'
const CONSTRAINT = 'failed to satisfy constraint:'

let face: AnIdentityFace

beforeEach(() => {
  face = new AnIdentityFace()
})

test.each(SIGNED)(
  '[I30] %s is the account’s: unsigned and identities’ requests are refused before their input is read',
  async (operation) => {
    face.verifier.caller = null
    expect(await face.call(operation, 'not JSON')).toBe('MissingAuthenticationToken: Missing Authentication Token')
    const guest = await face.aGuest((await face.aPool()).pool)
    face.verifier.caller = {
      kind: 'identity',
      pool: UNKNOWN as never,
      identity: guest,
      authenticated: true,
      roleArn: 'arn:aws:iam::123456789012:role/path/reader',
      sessionName: 'CognitoIdentityCredentials',
      accessKeyId: 'ASIAX',
      expiresAt: 0,
    }
    expect(await face.call(operation, 'not JSON')).toBe(
      'AccessDenied: User: arn:aws:sts::123456789012:assumed-role/reader/CognitoIdentityCredentials is not authorized to ' +
        `perform: cognito-identity:${operation}`,
    )
    expect(face.verifier.asked).toEqual(['cognito-identity', 'cognito-identity'])
  },
)

test.each(UNSIGNED)('[I31] %s looks at no credentials', async (operation) => {
  face.verifier.caller = null
  expect(await face.call(operation, {})).toMatch(/^Validation: /)
  expect(face.verifier.asked).toEqual([])
})

test.each(MISSING)('[I29] %s says that it is not implemented', async (operation) => {
  expect(await face.call(operation)).toBe(
    `UnknownOperation: The operation ${operation} is not implemented by this server`,
  )
})

test('[I29] what the service does not have is unknown', async () => {
  expect(await face.call('Frobnicate')).toBe('UnknownOperation: AWSCognitoIdentityService has no operation Frobnicate')
  for (const operation of ['', '__proto__', 'constructor', 'toString', 'GetId, GetId', 'x'.repeat(1_000)]) {
    expect(await face.call(operation)).toMatch(/^UnknownOperation: /)
  }
})

describe('reading requests', () => {
  test('[I1] every faulty member is named, by AWS’s words', async () => {
    expect(await face.call('GetId', { IdentityPoolId: 'no id' })).toBe(
      `Validation: 1 validation error detected: Value 'no id' at 'identityPoolId' ${CONSTRAINT} Member must satisfy regular expression pattern: [\\w-]+:[0-9a-f-]+`,
    )
    expect(await face.call('ListIdentities', { IdentityPoolId: '', MaxResults: 61 })).toBe(
      `Validation: 2 validation errors detected: Value '' at 'identityPoolId' ${CONSTRAINT} Member must have length greater than or equal to 1; ` +
        `Value '61' at 'maxResults' ${CONSTRAINT} Member must have value less than or equal to 60`,
    )
    expect(await face.call('GetOpenIdToken', {})).toBe(
      `Validation: 1 validation error detected: Value 'null' at 'identityId' ${CONSTRAINT} Member must not be null`,
    )
    expect(await face.call('DeleteIdentities', { IdentityIdsToDelete: [UNKNOWN, 'x'] })).toMatch(
      /Value 'x' at 'identityIdsToDelete.2.member' failed/,
    )
  })

  test('[I1] bounds hold at both ends', async () => {
    const pool = (over: object) =>
      face.call('CreateIdentityPool', { IdentityPoolName: 'a', AllowUnauthenticatedIdentities: true, ...over })
    expect(await pool({ IdentityPoolName: 'x'.repeat(128) })).toMatchObject({ IdentityPoolName: 'x'.repeat(128) })
    expect(await pool({ IdentityPoolName: 'x'.repeat(129) })).toMatch(
      /at 'identityPoolName' .* less than or equal to 128$/,
    )
    expect(await pool({ IdentityPoolName: 'a/b' })).toMatch(/pattern: \[\\w\\s\+=,.@-\]\+$/)
    const ten = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`p${n}`, 'x']))
    expect(await pool({ SupportedLoginProviders: ten })).toMatchObject({ SupportedLoginProviders: ten })
    expect(await pool({ SupportedLoginProviders: { ...ten, p10: 'x' } })).toMatch(
      /at 'supportedLoginProviders' .* equal to 10$/,
    )
    expect(await face.call('DeleteIdentities', { IdentityIdsToDelete: [] })).toMatch(/greater than or equal to 1$/)
    expect(await face.call('DeleteIdentities', { IdentityIdsToDelete: Array(61).fill(UNKNOWN) })).toMatch(
      /equal to 60$/,
    )
  })

  test('[I1] a wrong type is refused, null is as good as nothing', async () => {
    const wrong: unknown[] = [5, true, [], {}, 1.5]
    for (const value of wrong)
      expect(await face.call('GetId', { IdentityPoolId: value })).toMatch(/^Validation: .*Member must be a string$/)
    for (const value of ['true', 1, [], {}]) {
      const sent = { IdentityPoolName: 'a', AllowUnauthenticatedIdentities: value }
      expect(await face.call('CreateIdentityPool', sent)).toMatch(/^Validation: .*Member must be a boolean$/)
    }
    for (const value of ['5', 1.5, true, []]) {
      expect(await face.call('ListIdentityPools', { MaxResults: value })).toMatch(
        /^Validation: .*Member must be an integer$/,
      )
    }
    for (const value of ['x', 5, [], true]) {
      expect(await face.call('GetId', { IdentityPoolId: UNKNOWN, Logins: value })).toMatch(
        /^Validation: .*Member must be a map$/,
      )
    }
    expect(await face.call('GetId', { IdentityPoolId: UNKNOWN, Logins: null })).toMatch(/^ResourceNotFound/)
  })

  test('[I1] members that nobody declared are ignored, whatever they are called', async () => {
    const sent = `{"MaxResults":5,"Extra":{},"__proto__":{"NextToken":5},"constructor":1,"toString":"x"}`
    expect(await face.call('ListIdentityPools', sent)).toEqual({ IdentityPools: [] })
  })

  test('[I1] keys that users choose are keys like any other', async () => {
    const sent = `{"IdentityPoolName":"a","AllowUnauthenticatedIdentities":true,"IdentityPoolTags":{"__proto__":"p","constructor":"c"}}`
    const answer = JSON.stringify(await face.call('CreateIdentityPool', sent))
    expect(answer).toContain('"IdentityPoolTags":{"__proto__":"p","constructor":"c"}')
  })

  test('[I1] NUL and lone surrogates are refused in keys and values', async () => {
    for (const text of ['a\u0000', '\ud800']) {
      const sent = { IdentityPoolName: 'a', AllowUnauthenticatedIdentities: true }
      expect(await face.call('CreateIdentityPool', { ...sent, IdentityPoolTags: { [text]: 'x' } })).toMatch(
        /^Validation: /,
      )
      expect(await face.call('CreateIdentityPool', { ...sent, IdentityPoolTags: { x: text } })).toMatch(/^Validation: /)
      const logins = { IdentityPoolId: UNKNOWN, Logins: { 'login.example.com': text } }
      expect(await face.call('GetOpenIdTokenForDeveloperIdentity', logins)).toMatch(/^Validation: /)
    }
  })

  test('[I1] tokens and users’ names are never shown, however wrong', async () => {
    const secret = `canary\u0000${'x'.repeat(50_000)}`
    const refused = [
      await face.call('GetId', { IdentityPoolId: UNKNOWN, Logins: { a: secret } }),
      await face.call('GetCredentialsForIdentity', { IdentityId: UNKNOWN, Logins: { a: secret } }),
      await face.call('LookupDeveloperIdentity', { IdentityPoolId: UNKNOWN, DeveloperUserIdentifier: secret }),
      await face.callSts({
        Action: 'AssumeRoleWithWebIdentity',
        RoleArn: 'x'.repeat(20),
        RoleSessionName: 'ab',
        WebIdentityToken: secret,
      }),
      await face.call('GetId', { IdentityPoolId: UNKNOWN, Logins: { a: ['canary'] } }),
    ]
    for (const text of refused) {
      expect(text).toMatch(/^Validation: 1 validation error detected: Value at '/)
      expect(text).not.toContain('canary')
    }
  })

  test('[I1] a body that is no JSON object is refused', async () => {
    for (const body of ['[]', '"x"', '5', '{', 'null'])
      expect(await face.call('GetId', body)).toMatch(/^Serialization: /)
    expect(face.verifier.caller).toBe(ACCOUNT)
  })
})
