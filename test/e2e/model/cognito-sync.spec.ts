import { errorOf, replace, type WireClient } from '../../support/wire-client.js'
import type { Answer } from '../../support/http-exchange.js'
import { casesOf, readModel, unsaid, type Input, type ModelOperation, type Samples } from '../../support/model-cases.js'
import { servedGuest } from '../../support/served-guest.js'

const { operations } = readModel('cognito-sync')

const ROLE_ARN = 'arn:aws:iam::000000000000:role/test'
const POOL = 'us-east-1:00000000-0000-4000-8000-000000000000'

/** A right value of every member that any operation has; those of a path are replaced by real ones. */
const samples: Samples = {
  IdentityPoolId: POOL,
  IdentityId: POOL,
  DatasetName: 'settings',
  DeviceId: 'device',
  LastSyncCount: '0',
  MaxResults: '10',
  Platform: 'APNS',
  Token: 'token',
  Events: { SyncTrigger: 'arn:aws:lambda:us-east-1:000000000000:function:trigger' },
  PushSync: { ApplicationArns: ['arn:aws:sns:us-east-1:000000000000:app/GCM/test'], RoleArn: ROLE_ARN },
  CognitoStreams: { StreamName: 'stream', RoleArn: ROLE_ARN, StreamingStatus: 'DISABLED' },
  SyncSessionToken: 'token',
  RecordPatches: [{ Op: 'replace', Key: 'a', Value: 'b', SyncCount: 0, DeviceLastModifiedDate: 1_750_000_000.25 }],
}

const on = servedGuest()

beforeAll(() => on.me.device.write('settings', replace('kept', 'as it is')))

/** An input that the server has nothing against. */
async function rightInput({ input }: ModelOperation): Promise<Input> {
  const real = { IdentityPoolId: on.me.pool, IdentityId: on.me.identity, DatasetName: 'settings', DeviceId: 'device' }
  const { SyncSessionToken } = await on.me.device.list('settings')
  const given: Input = { ...samples, ...real, SyncSessionToken }
  const optional = ['DeviceId', 'SyncSessionToken', 'Platform', 'Token', 'Events', 'RecordPatches']
  return Object.fromEntries(
    Object.entries(input)
      .filter(([name, { in: where, required }]) => where === 'path' || required === true || optional.includes(name))
      .filter(([name]) => name in given)
      .map(([name]) => [name, given[name]]),
  )
}

/** Devices are an identity's own; everything else is asked for by the account. */
const callerOf = (name: string): WireClient =>
  ['RegisterDevice', 'SubscribeToDataset', 'UnsubscribeFromDataset'].includes(name) ? on.me.device.wire : on.admin.wire

function call(name: string, { method, uri, input: shapes }: ModelOperation, input: Input): Promise<Answer> {
  const query: string[] = []
  const body: Record<string, unknown> = {}
  let path = uri!
  for (const [member, shape] of Object.entries(shapes)) {
    if (!(member in input)) continue
    const value = input[member]
    if (shape.in === 'path') path = path.replace(`{${member}}`, encodeURIComponent(String(value)))
    else if (shape.in === 'query') query.push(`${shape.as}=${encodeURIComponent(String(value))}`)
    else body[member] = value
  }
  const target = query.length === 0 ? path : `${path}?${query.join('&')}`
  if (method !== 'POST') return callerOf(name).send({ method: method!, target })
  return callerOf(name).sendJson(target, body)
}

/** All that any of the operations could have changed. */
async function stored(): Promise<unknown> {
  const pool = { IdentityPoolId: on.me.pool }
  const [records, usage, configuration, events] = await Promise.all([
    on.me.device.list('settings').then(({ SyncSessionToken: _, ...listing }) => listing),
    on.me.device.usage(),
    on.admin.sync.getIdentityPoolConfiguration(pool).then(({ $metadata: _, ...rest }) => rest),
    on.admin.sync.getCognitoEvents(pool).then(({ Events }) => Events),
  ])
  return { records, usage, configuration, events }
}

test('the extract has all 17 operations', () => {
  expect(Object.keys(operations)).toHaveLength(17)
})

describe.each(Object.entries(operations))('%s', (name, operation) => {
  const cases = casesOf(operation, samples)

  if (cases.refused.length > 0) {
    test.each(cases.refused.map((spoilt) => [spoilt.name, spoilt] as const))(
      '[H11] [H13] refuses, when %s, naming the member and its limit, and changes nothing',
      async (_, spoilt) => {
        const before = await stored()
        const answer = await call(name, operation, spoilt.spoil(await rightInput(operation)))
        expect(errorOf(answer)).toMatchObject({ status: 400, type: 'InvalidParameterException' })
        const { message } = errorOf(answer)
        expect([message, ...unsaid(message, spoilt)]).toEqual([message])
        expect(await stored()).toEqual(before)
      },
    )
  }

  if (cases.accepted.length > 0) {
    test.each(cases.accepted.map((longest) => [longest.name, longest] as const))(
      'takes no offence when %s',
      async (_, { at, stretch }) => {
        const answer = await call(name, operation, stretch(await rightInput(operation)))
        expect(answer.status).toBeLessThan(500)
        if (answer.status !== 200) expect(errorOf(answer).message).not.toContain(`'${at}`)
      },
    )
  }
})
