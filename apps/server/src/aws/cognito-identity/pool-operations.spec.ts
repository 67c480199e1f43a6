import 'reflect-metadata'
import { AnIdentityFace } from './testing/an-identity-face.js'

const UNKNOWN = 'eu-central-1:00000000-0000-4000-8000-000000000000'
const ROLE = 'arn:aws:iam::123456789012:role/app'
const FULL = {
  IdentityPoolName: 'my app',
  AllowUnauthenticatedIdentities: true,
  AllowClassicFlow: false,
  SupportedLoginProviders: { 'accounts.google.com': '1234.apps' },
  DeveloperProviderName: 'login.example.com',
  OpenIdConnectProviderARNs: ['arn:aws:iam::123456789012:oidc-provider/x'],
  CognitoIdentityProviders: [{ ProviderName: 'cognito-idp.x/y', ClientId: 'c', ServerSideTokenCheck: false }],
  SamlProviderARNs: ['arn:aws:iam::123456789012:saml-provider/x'],
  IdentityPoolTags: { stage: 'prod' },
}
const LEAST = { IdentityPoolName: 'my app', AllowUnauthenticatedIdentities: false }

let face: AnIdentityFace

beforeEach(() => {
  face = new AnIdentityFace()
})

const created = async (input: object = FULL): Promise<string> =>
  ((await face.call('CreateIdentityPool', input)) as { IdentityPoolId: string }).IdentityPoolId

test('[I7] a pool is answered as it was made, with an id of region and GUID', async () => {
  const pool = await face.call('CreateIdentityPool', FULL)
  const IdentityPoolId = expect.stringMatching(/^eu-central-1:[0-9a-f-]{36}$/)
  expect(pool).toEqual({ ...FULL, IdentityPoolId })
  expect(await face.call('DescribeIdentityPool', pool as object)).toEqual(pool)
})

test('[I7] what was never set is left out, and AllowClassicFlow keeps its three states', async () => {
  const IdentityPoolId = await created({
    ...LEAST,
    SupportedLoginProviders: {},
    SamlProviderARNs: [],
    AllowClassicFlow: null,
  })
  expect(await face.call('DescribeIdentityPool', { IdentityPoolId })).toEqual({ ...LEAST, IdentityPoolId })
  for (const AllowClassicFlow of [true, false]) {
    const other = await created({ ...LEAST, AllowClassicFlow })
    expect(await face.call('DescribeIdentityPool', { IdentityPoolId: other })).toMatchObject({ AllowClassicFlow })
  }
})

test('[I4] an update replaces the whole pool: what is left out is reset', async () => {
  const IdentityPoolId = await created()
  const updated = await face.call('UpdateIdentityPool', { ...LEAST, IdentityPoolId })
  expect(updated).toEqual({ ...LEAST, IdentityPoolId, DeveloperProviderName: 'login.example.com' })
  expect(await face.call('DescribeIdentityPool', { IdentityPoolId })).toEqual(updated)
})

test('[I3] a developer provider can be set later, and never changed', async () => {
  const IdentityPoolId = await created(LEAST)
  const set = { ...LEAST, IdentityPoolId, DeveloperProviderName: 'one' }
  expect(await face.call('UpdateIdentityPool', set)).toEqual(set)
  expect(await face.call('UpdateIdentityPool', { ...set, DeveloperProviderName: 'two' })).toBe(
    "InvalidParameter: The developer provider name is 'one' and cannot be changed once it is set",
  )
  expect(await face.call('DescribeIdentityPool', { IdentityPoolId })).toEqual(set)
})

test('[I2] an unknown pool is not found, by the text that clients know', async () => {
  const fault = `ResourceNotFound: IdentityPool '${UNKNOWN}' not found.`
  const IdentityPoolId = UNKNOWN
  for (const [operation, more] of [
    ['DescribeIdentityPool', {}],
    ['UpdateIdentityPool', LEAST],
    ['DeleteIdentityPool', {}],
    ['GetIdentityPoolRoles', {}],
    ['SetIdentityPoolRoles', { Roles: {} }],
    ['ListIdentities', { MaxResults: 1 }],
    ['GetId', {}],
    ['GetOpenIdTokenForDeveloperIdentity', { Logins: { a: 'b' } }],
    ['LookupDeveloperIdentity', { DeveloperUserIdentifier: 'a' }],
  ] as const) {
    expect([operation, await face.call(operation, { IdentityPoolId, ...more })]).toEqual([operation, fault])
  }
})

test('[I5] a deleted pool and its identities are gone at once, and who asked to know is told', async () => {
  const IdentityPoolId = await created()
  const { IdentityId } = (await face.call('GetId', { IdentityPoolId })) as { IdentityId: string }
  expect(await face.call('DeleteIdentityPool', { IdentityPoolId })).toEqual({})
  expect(face.gone).toEqual([IdentityPoolId])
  expect(await face.call('DescribeIdentityPool', { IdentityPoolId })).toMatch(/^ResourceNotFound/)
  const fault = `ResourceNotFound: Identity '${IdentityId}' not found.`
  expect(await face.call('GetCredentialsForIdentity', { IdentityId })).toBe(fault)
  expect(await face.call('DescribeIdentity', { IdentityId })).toBe(fault)
})

test('[I14] pools are listed page by page, and a foreign token continues nothing', async () => {
  const ids = [await created(), await created(LEAST), await created(LEAST)].sort()
  const first = (await face.call('ListIdentityPools', { MaxResults: 2 })) as {
    NextToken: string
    IdentityPools: unknown[]
  }
  expect(first.IdentityPools).toMatchObject([{ IdentityPoolId: ids[0] }, { IdentityPoolId: ids[1] }])
  const { NextToken } = first
  const second = await face.call('ListIdentityPools', { MaxResults: 2, NextToken })
  expect(second).toEqual({ IdentityPools: [{ IdentityPoolId: ids[2], IdentityPoolName: 'my app' }] })
  const refused = 'InvalidParameter: NextToken is not one that this list was continued with'
  for (const forged of [ids[0], `${NextToken}x`, NextToken.slice(0, -1)]) {
    expect(await face.call('ListIdentityPools', { MaxResults: 2, NextToken: forged })).toBe(refused)
  }
  expect(await face.call('ListIdentities', { IdentityPoolId: ids[0], MaxResults: 2, NextToken })).toBe(refused)
})

describe('roles', () => {
  const MAPPING = {
    Type: 'Rules',
    AmbiguousRoleResolution: 'Deny',
    RulesConfiguration: { Rules: [{ Claim: 'sub', MatchType: 'Equals', Value: 'x', RoleARN: ROLE }] },
  }

  test('[I6] roles and mappings are stored whole and answered as set', async () => {
    const IdentityPoolId = await created()
    expect(await face.call('GetIdentityPoolRoles', { IdentityPoolId })).toEqual({ IdentityPoolId })
    const roles = {
      IdentityPoolId,
      Roles: { authenticated: ROLE, unauthenticated: `${ROLE}-guest` },
      RoleMappings: {
        'graph.facebook.com': MAPPING,
        x: { Type: 'Token', AmbiguousRoleResolution: 'AuthenticatedRole' },
      },
    }
    expect(await face.call('SetIdentityPoolRoles', roles)).toEqual({})
    expect(await face.call('GetIdentityPoolRoles', { IdentityPoolId })).toEqual(roles)
    await face.call('SetIdentityPoolRoles', { IdentityPoolId, Roles: { authenticated: ROLE } })
    expect(await face.call('GetIdentityPoolRoles', { IdentityPoolId })).toEqual({
      IdentityPoolId,
      Roles: { authenticated: ROLE },
    })
  })

  test('[I6] a mapping has to say what happens when it decides nothing, and rules have to be there', async () => {
    const IdentityPoolId = await created()
    const set = (mapping: object) =>
      face.call('SetIdentityPoolRoles', { IdentityPoolId, Roles: {}, RoleMappings: { x: mapping } })
    expect(await set({ ...MAPPING, AmbiguousRoleResolution: undefined })).toBe(
      'InvalidParameter: AmbiguousRoleResolution is required when the Type of a role mapping is Rules',
    )
    expect(await set({ ...MAPPING, RulesConfiguration: undefined })).toBe(
      'InvalidParameter: RulesConfiguration is required when the Type of a role mapping is Rules',
    )
  })

  test('[I1] a fault deep inside a mapping is named by its place', async () => {
    const rules = { Rules: [{ Claim: 'a', MatchType: 'Like', Value: 'x', RoleARN: ROLE }] }
    const mapping = { ...MAPPING, RulesConfiguration: rules }
    expect(
      await face.call('SetIdentityPoolRoles', { IdentityPoolId: UNKNOWN, Roles: {}, RoleMappings: { x: mapping } }),
    ).toBe(
      "Validation: 1 validation error detected: Value 'Like' at 'roleMappings.1.value.rulesConfiguration.rules.1.member.matchType' failed to " +
        'satisfy constraint: Member must satisfy enum value set: [Equals, Contains, StartsWith, NotEqual]',
    )
    expect(await face.call('SetIdentityPoolRoles', { IdentityPoolId: UNKNOWN, Roles: { admin: ROLE } })).toBe(
      "Validation: 1 validation error detected: Value 'admin' at 'roles.1.key' failed to satisfy constraint: " +
        'Member must satisfy regular expression pattern: (un)?authenticated',
    )
  })
})

test('[I28] a pool is found by its exact name, or made', async () => {
  const { guestPool } = await import('../../identity/guest-pool.js')
  const draft = guestPool('demo', { accountId: '123456789012' })
  const made = await face.service.pools.ensure('demo', draft)
  expect(made.settings).toMatchObject({ name: 'demo', allowUnauthenticated: true, allowClassicFlow: true })
  expect(made.roles.unauthenticated).toBe('arn:aws:iam::123456789012:role/demo-guest')
  expect((await face.service.pools.ensure('demo', draft)).pool).toBe(made.pool)
  expect((await face.service.pools.ensure('Demo', draft)).pool).not.toBe(made.pool)
})
