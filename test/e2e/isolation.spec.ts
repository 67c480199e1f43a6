import { CognitoIdentity } from '@aws-sdk/client-cognito-identity'
import { randomUUID } from 'node:crypto'
import { adminOf, aDeveloperUser, aGuest, aPool, at, REGION, ROLES, type Somebody } from '../support/a-pool.js'
import { exchange, type Answer } from '../support/http-exchange.js'
import { signRequest, type Credentials } from '../support/sign-request.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { datasetPath, errorOf, identityPath, remove, replace, type Listing } from '../support/wire-client.js'

/** What only the victim, and the account, may ever see: 128 bits of chance in values, keys and a dataset's name. */
const CANARY = `canary.${randomUUID()}`
const REFUSED = 'These credentials are not valid for accessing this resource'

let server: RunningServer
let admin: ReturnType<typeof adminOf>
let victim: Somebody
let token: string
const principals = new Map<string, Credentials | null>()

beforeAll(async () => {
  server = await startServer()
  admin = adminOf(server)
  const [pool, otherPool] = [
    await aPool(server, { AllowClassicFlow: true }),
    await aPool(server, { AllowClassicFlow: true }),
  ]
  victim = await aGuest(server, pool)
  await victim.device.write(CANARY, replace(CANARY, CANARY), replace('removed', CANARY))
  await victim.device.write(CANARY, remove('removed', 1))
  token = (await victim.device.list(CANARY)).SyncSessionToken

  const deleted = await aGuest(server, pool)
  await admin.identity.deleteIdentities({ IdentityIdsToDelete: [deleted.identity] })
  const closing = await aPool(server)
  const ofDeletedPool = await aGuest(server, closing)
  await admin.identity.deleteIdentityPool({ IdentityPoolId: closing })
  const stranger = await aGuest(server, pool)
  principals.set('the victim itself', victim.credentials)
  principals.set('the account', server.admin)
  principals.set('another guest of the pool', stranger.credentials)
  principals.set('a signed-in user of the pool', (await aDeveloperUser(server, pool)).credentials)
  principals.set('a guest of another pool', (await aGuest(server, otherPool)).credentials)
  principals.set('a signed-in user of another pool', (await aDeveloperUser(server, otherPool)).credentials)
  principals.set('a guest by the basic flow', await byBasicFlow(pool))
  principals.set('a deleted identity', deleted.credentials)
  principals.set('an identity of a deleted pool', ofDeletedPool.credentials)
  principals.set('a stranger with the victim’s session token', {
    ...stranger.credentials,
    sessionToken: victim.credentials.sessionToken,
  })
  principals.set('the victim’s key with a guessed secret', {
    ...victim.credentials,
    secretAccessKey: 'A'.repeat(40),
  })
  principals.set('the account’s key with a guessed secret', {
    accessKeyId: server.admin.accessKeyId,
    secretAccessKey: 'A'.repeat(40),
  })
  principals.set('nobody', null)
}, 60_000)

afterAll(() => server.stop())

async function byBasicFlow(pool: string): Promise<Credentials> {
  const unsigned = new CognitoIdentity(at(server))
  const { IdentityId } = await unsigned.getId({ IdentityPoolId: pool })
  const { Token } = await unsigned.getOpenIdToken({ IdentityId })
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: ROLES.unauthenticated,
    RoleSessionName: 'web',
    WebIdentityToken: Token!,
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const { text } = await exchange(server.url, { method: 'POST', target: '/', headers, body: form.toString() })
  const of = (name: string): string => new RegExp(`<${name}>([^<]+)<`).exec(text)![1]!
  return {
    accessKeyId: of('AccessKeyId'),
    secretAccessKey: of('SecretAccessKey'),
    sessionToken: of('SessionToken'),
  }
}

type Target = Readonly<{ pool: string; identity: string; dataset: string }>
type Operation = Readonly<{
  callers: 'both' | 'account' | 'identity'
  method: 'GET' | 'POST' | 'DELETE'
  path: (target: Target) => string
  body?: () => unknown
}>

const poolPath = ({ pool }: Target): string => `/identitypools/${encodeURIComponent(pool)}`
const inDataset = (target: Target): string => datasetPath(target, target.dataset)
const subscription = (target: Target): string => `${inDataset(target)}/subscriptions/device`

const operations: Readonly<Record<string, Operation>> = {
  ListRecords: { callers: 'both', method: 'GET', path: (target) => `${inDataset(target)}/records` },
  UpdateRecords: {
    callers: 'both',
    method: 'POST',
    path: inDataset,
    body: () => ({ SyncSessionToken: token, RecordPatches: [replace('planted', 'x')] }),
  },
  DescribeDataset: { callers: 'both', method: 'GET', path: inDataset },
  DeleteDataset: { callers: 'both', method: 'DELETE', path: inDataset },
  ListDatasets: { callers: 'both', method: 'GET', path: (target) => `${identityPath(target)}/datasets` },
  DescribeIdentityUsage: { callers: 'both', method: 'GET', path: identityPath },
  RegisterDevice: {
    callers: 'identity',
    method: 'POST',
    path: (target) => `${poolPath(target)}/identity/${encodeURIComponent(target.identity)}/device`,
    body: () => ({ Platform: 'GCM', Token: 't' }),
  },
  SubscribeToDataset: { callers: 'identity', method: 'POST', path: subscription },
  UnsubscribeFromDataset: { callers: 'identity', method: 'DELETE', path: subscription },
  DescribeIdentityPoolUsage: { callers: 'account', method: 'GET', path: poolPath },
  ListIdentityPoolUsage: { callers: 'account', method: 'GET', path: () => '/identitypools' },
  GetIdentityPoolConfiguration: {
    callers: 'account',
    method: 'GET',
    path: (target) => `${poolPath(target)}/configuration`,
  },
  SetIdentityPoolConfiguration: {
    callers: 'account',
    method: 'POST',
    path: (target) => `${poolPath(target)}/configuration`,
    body: () => ({ PushSync: { ApplicationArns: [], RoleArn: ROLES.authenticated } }),
  },
  GetCognitoEvents: { callers: 'account', method: 'GET', path: (target) => `${poolPath(target)}/events` },
  SetCognitoEvents: {
    callers: 'account',
    method: 'POST',
    path: (target) => `${poolPath(target)}/events`,
    body: () => ({ Events: { SyncTrigger: 'arn:aws:lambda:us-east-1:000000000000:function:planted' } }),
  },
  BulkPublish: { callers: 'account', method: 'POST', path: (target) => `${poolPath(target)}/bulkpublish` },
  GetBulkPublishDetails: {
    callers: 'account',
    method: 'POST',
    path: (target) => `${poolPath(target)}/getBulkPublishDetails`,
  },
}

function call(operation: Operation, credentials: Credentials | null, target: Target): Promise<Answer> {
  const { method } = operation
  const path = operation.path(target)
  const body = operation.body === undefined ? {} : { body: JSON.stringify(operation.body()) }
  const host = new URL(server.url).host
  const headers = credentials === null ? {} : signRequest({ method, host, target: path, ...body }, { credentials })
  return exchange(server.url, { method, target: path, headers, ...body })
}

const theVictims = (): Target => ({ pool: victim.pool, identity: victim.identity, dataset: CANARY })

const strangers = [
  'another guest of the pool',
  'a signed-in user of the pool',
  'a guest of another pool',
  'a signed-in user of another pool',
  'a guest by the basic flow',
] as const

/** With what everybody is refused who has no business with the victim; nobody here is ever let in. */
const refusals = new Map<string, readonly [type: string, message: string]>([
  ...strangers.map((who) => [who, ['NotAuthorizedException', REFUSED]] as const),
  ['a deleted identity', ['NotAuthorizedException', 'is forbidden']],
  ['an identity of a deleted pool', ['NotAuthorizedException', 'is forbidden']],
  ['a stranger with the victim’s session token', ['UnrecognizedClientException', 'is invalid']],
  ['the victim’s key with a guessed secret', ['InvalidSignatureException', 'does not match']],
  ['the account’s key with a guessed secret', ['InvalidSignatureException', 'does not match']],
  ['nobody', ['MissingAuthenticationTokenException', 'Missing Authentication Token']],
])

test('the matrix has every operation of the service', () => {
  expect(Object.keys(operations)).toHaveLength(17)
})

describe.each([...refusals])('%s', (who, [type, message]) => {
  test.each(Object.keys(operations))('[A11] [A13] [A14] is refused %s, and nothing changes or leaks', async (name) => {
    const answer = await call(operations[name]!, principals.get(who)!, theVictims())
    expect(errorOf(answer)).toEqual({ status: 403, type, message: expect.stringContaining(message) })
    expect(JSON.stringify([answer.headers, answer.text])).not.toContain(CANARY)
    await expectVictimUnharmed()
  })
})

async function expectVictimUnharmed(): Promise<void> {
  const listing: Listing = await victim.device.list(CANARY)
  expect(listing.DatasetSyncCount).toBe(2)
  expect(listing.Records).toMatchObject([
    { Key: CANARY, Value: CANARY, SyncCount: 1 },
    { Key: 'removed', SyncCount: 2 },
  ])
  expect(await victim.device.usage()).toMatchObject({ DatasetCount: 1 })
}

describe('what exists and is not yours cannot be told from what does not exist', () => {
  const absent = `${REGION}:00000000-0000-4000-8000-00000000dead`
  const variants: readonly (readonly [string, (own: Target) => Target])[] = [
    ['the identity does not exist', (own) => ({ ...own, identity: absent })],
    ['the pool does not exist', (own) => ({ ...own, pool: absent })],
    ['the dataset does not exist', (own) => ({ ...own, dataset: 'absent' })],
  ]

  /** An answer without what differs between any two answers. */
  const shown = ({ status, headers, text }: Answer): unknown => {
    const { date: _, 'x-amzn-requestid': __, ...rest } = headers
    return { status, headers: rest, text }
  }

  test.each(strangers.flatMap((who) => variants.map(([what, vary]) => [who, what, vary] as const)))(
    '[A14] by %s, when %s',
    async (who, _, vary) => {
      for (const operation of Object.values(operations)) {
        const credentials = principals.get(who)!
        const exists = await call(operation, credentials, theVictims())
        const missing = await call(operation, credentials, vary(theVictims()))
        expect(shown(missing)).toEqual(shown(exists))
      }
    },
  )

  test('[A13] an identity’s own id under another pool’s is no way in', async () => {
    const [, credentials] = [...principals].find(([who]) => who === 'a guest of another pool')!
    const answer = await call(operations['ListRecords']!, credentials, theVictims())
    const crossed = await call(operations['ListRecords']!, victim.credentials, { ...theVictims(), pool: absent })
    expect(shown(crossed)).toEqual(shown(answer))
  })
})

describe('who may', () => {
  test.each(Object.entries(operations))('[A12] the victim and the account: %s', async (_, operation) => {
    const expected = { account: operation.callers !== 'identity', identity: operation.callers !== 'account' }
    const target = { ...theVictims(), dataset: 'own' }
    if (operation.callers === 'both') token = (await victim.device.list('own')).SyncSessionToken
    for (const [who, may] of [
      ['the account', expected.account],
      ['the victim itself', expected.identity],
    ] as const) {
      const answer = await call(operation, principals.get(who)!, target)
      expect(answer.status).toBeLessThan(500)
      if (may) expect(answer.status).not.toBe(403)
      else expect(errorOf(answer)).toMatchObject({ status: 403, type: 'NotAuthorizedException', message: REFUSED })
    }
  })

  test('[I30] an identity may do nothing that is the account’s on the identity face', async () => {
    for (const operation of ['ListIdentityPools', 'ListIdentities', 'DescribeIdentity', 'DeleteIdentities']) {
      const answer = await victim.device.wire.identity(operation, { MaxResults: 60 })
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ __type: 'AccessDeniedException' })
      expect(answer.text).not.toContain(CANARY)
    }
  })

  test('[A7] a signature for one face is none for another', async () => {
    const target = `${datasetPath(victim, CANARY)}/records`
    const answer = await victim.device.wire.send({ target }, { service: 'cognito-identity' })
    expect(answer.status).toBe(403)
    expect(answer.text).not.toContain(CANARY)
  })

  test('[S1] a stranger cannot use a token of the victim for itself', async () => {
    const { SyncSessionToken } = await victim.device.list(CANARY)
    const stranger = await aGuest(server, victim.pool)
    const answer = await stranger.device.updateRaw(CANARY, SyncSessionToken, [replace('k', 'v')])
    expect(errorOf(answer)).toMatchObject({ status: 400, message: 'SyncSessionToken not valid for these inputs' })
    await expectVictimUnharmed()
  })

  test('[R5] [R8] a stranger cannot use a page of the victim for itself', async () => {
    const page = await victim.device.list(CANARY, { maxResults: 1 })
    const stranger = await aGuest(server, victim.pool)
    const answer = await stranger.device.listRaw(CANARY, { nextToken: page.NextToken! })
    expect(errorOf(answer)).toMatchObject({ status: 400, message: 'NextToken not valid for these inputs' })
  })
})

test('[O20] [O21] the log has the operations, and neither canary, secret, token nor id', async () => {
  await server.log()
  const output = server.process.output
  expect(output).toContain('"operation":"UpdateRecords"')
  expect(output).not.toContain(CANARY)
  const secrets = [...principals.values()].flatMap((held) => [held?.secretAccessKey, held?.sessionToken])
  for (const secret of [...secrets, token, victim.identity]) {
    if (secret !== undefined) expect(output.includes(secret)).toBe(false)
  }
})
