import { DEVELOPER_PROVIDER, ROLES } from '../../support/a-pool.js'
import { exchange, type Answer } from '../../support/http-exchange.js'
import { casesOf, readModel, unsaid, type Input, type ModelOperation, type Samples } from '../../support/model-cases.js'
import { servedGuest } from '../../support/served-guest.js'

const { operations } = readModel('cognito-identity')

const SOME_ID = 'us-east-1:00000000-0000-4000-8000-000000000000'

/** A right value of every member that any operation has; ids are replaced by real ones. */
const samples: Samples = {
  IdentityPoolId: SOME_ID,
  IdentityId: SOME_ID,
  IdentityIdsToDelete: [SOME_ID],
  IdentityPoolName: 'a pool',
  AllowUnauthenticatedIdentities: true,
  AllowClassicFlow: true,
  SupportedLoginProviders: { 'graph.facebook.com': '7346241598935555' },
  DeveloperProviderName: DEVELOPER_PROVIDER,
  OpenIdConnectProviderARNs: ['arn:aws:iam::000000000000:oidc-provider/example.com'],
  CognitoIdentityProviders: [
    {
      ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_x',
      ClientId: 'client',
      ServerSideTokenCheck: false,
    },
  ],
  SamlProviderARNs: ['arn:aws:iam::000000000000:saml-provider/example'],
  IdentityPoolTags: { stage: 'test' },
  Logins: { [DEVELOPER_PROVIDER]: 'somebody' },
  CustomRoleArn: ROLES.authenticated,
  AccountId: '000000000000',
  PrincipalTags: { team: 'blue' },
  TokenDuration: 900,
  MaxResults: 10,
  NextToken: 'token',
  HideDisabled: false,
  DeveloperUserIdentifier: 'somebody',
  Roles: ROLES,
  RoleMappings: {
    'example.com': {
      Type: 'Rules',
      AmbiguousRoleResolution: 'Deny',
      RulesConfiguration: {
        Rules: [{ Claim: 'team', MatchType: 'Equals', Value: 'blue', RoleARN: ROLES.authenticated }],
      },
    },
  },
}

const on = servedGuest()

/** An input with every member that has to be there, and real ids. */
function rightInput({ input }: ModelOperation): Input {
  const given: Input = { ...samples, IdentityPoolId: on.me.pool, IdentityId: on.me.identity }
  return Object.fromEntries(
    Object.entries(input)
      .filter(([, { required }]) => required === true)
      .map(([name]) => [name, given[name]]),
  )
}

function call(name: string, { signed }: ModelOperation, input: Input): Promise<Answer> {
  if (signed) return on.admin.wire.identity(name, input)
  return exchange(on.server.url, {
    method: 'POST',
    target: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSCognitoIdentityService.${name}` },
    body: JSON.stringify(input),
  })
}

/** All that a refused request could have changed. */
async function stored(): Promise<unknown> {
  const IdentityPoolId = on.me.pool
  const answers = await Promise.all([
    on.admin.identity.describeIdentityPool({ IdentityPoolId }),
    on.admin.identity.getIdentityPoolRoles({ IdentityPoolId }),
    on.admin.identity.listIdentities({ IdentityPoolId, MaxResults: 60 }),
    on.admin.identity.listIdentityPools({ MaxResults: 60 }),
  ])
  return answers.map(({ $metadata: _, ...rest }) => rest)
}

test('the extract has the 15 operations that the server has', () => {
  expect(Object.keys(operations)).toHaveLength(15)
})

const DESTRUCTIVE = ['DeleteIdentityPool', 'DeleteIdentities']

describe.each(Object.entries(operations))('%s', (name, operation) => {
  const cases = casesOf(operation, samples)

  test.each(cases.refused.map((spoilt) => [spoilt.name, spoilt] as const))(
    '[I1] refuses, when %s, naming the member and its limit, and changes nothing',
    async (_, spoilt) => {
      const before = await stored()
      const answer = await call(name, operation, spoilt.spoil(rightInput(operation)))
      const { __type: type, message } = answer.json()
      expect(answer.status).toBe(400)
      expect(['ValidationException', 'InvalidParameterException']).toContain(type)
      expect([message, ...unsaid(message, spoilt)]).toEqual([message])
      expect(await stored()).toEqual(before)
    },
  )

  if (cases.accepted.length > 0 && !DESTRUCTIVE.includes(name)) {
    test.each(cases.accepted.map((longest) => [longest.name, longest] as const))(
      'takes no offence when %s',
      async (_, { at, stretch }) => {
        const answer = await call(name, operation, stretch(rightInput(operation)))
        expect(answer.status).toBeLessThan(500)
        if (answer.status !== 200) expect(answer.json()['message']).not.toContain(`'${at}`)
      },
    )
  }
})
