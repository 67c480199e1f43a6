import { SyncFace } from './testing/sync-face.js'

let face: SyncFace
let pool: string
beforeAll(async () => {
  face = await SyncFace.start()
})
afterAll(() => face.close())
beforeEach(async () => {
  const { body } = await face.identity('CreateIdentityPool', {
    IdentityPoolName: 'p',
    AllowUnauthenticatedIdentities: false,
  })
  pool = body.IdentityPoolId as string
})

const at = (rest: string) => `/identitypools/${encodeURIComponent(pool)}/${rest}`
const get = async (rest: string) => (await face.call('GET', at(rest))).body as unknown
const set = (rest: string, body: unknown) => face.call('POST', at(rest), { body })

const RoleArn = 'arn:aws:iam::123456789012:role/sync'
const PushSync = { ApplicationArns: ['arn:aws:sns:us-east-1:123456789012:app/GCM/my.app-1_x'], RoleArn }
const CognitoStreams = { StreamName: 'changes', RoleArn, StreamingStatus: 'DISABLED' }

describe('identity pool configuration', () => {
  test('[F14] what is not set is left out; what is set is stored and answered, each part by itself', async () => {
    expect(await get('configuration')).toEqual({ IdentityPoolId: pool })
    const first = await set('configuration', { PushSync })
    expect([first.status, first.body]).toEqual([200, { IdentityPoolId: pool, PushSync }])
    await set('configuration', { CognitoStreams })
    expect(await get('configuration')).toEqual({ IdentityPoolId: pool, PushSync, CognitoStreams })
    await set('configuration', {})
    expect(await get('configuration')).toEqual({ IdentityPoolId: pool, PushSync, CognitoStreams })
  })

  test('[F14] an empty part clears it', async () => {
    await set('configuration', { PushSync, CognitoStreams })
    await set('configuration', { PushSync: { ApplicationArns: [] } })
    expect(await get('configuration')).toEqual({ IdentityPoolId: pool, CognitoStreams })
    await set('configuration', { CognitoStreams: {} })
    expect(await get('configuration')).toEqual({ IdentityPoolId: pool })
  })

  test('[F15] a stream cannot be enabled while the server has no Kafka, and nothing of the request is kept', async () => {
    const answer = await set('configuration', {
      PushSync,
      CognitoStreams: { ...CognitoStreams, StreamingStatus: 'ENABLED' },
    })
    expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(answer.message).toMatch(/^streams are off on this server: .*SATCHEL_KAFKA_BROKERS/)
    expect(await get('configuration')).toEqual({ IdentityPoolId: pool })
  })

  test('[F14] changes of one pool at the same time do not undo each other', async () => {
    await Promise.all([
      set('configuration', { PushSync }),
      set('configuration', { CognitoStreams }),
      set('events', { Events: { SyncTrigger: 'arn:aws:lambda:f' } }),
    ])
    expect(await get('configuration')).toEqual({ IdentityPoolId: pool, PushSync, CognitoStreams })
    expect(await get('events')).toEqual({ Events: { SyncTrigger: 'arn:aws:lambda:f' } })
  })

  test.each([
    [{ PushSync: [] }, "at 'pushSync'", 'structure'],
    [{ PushSync: { ...PushSync, ApplicationArns: {} } }, "at 'pushSync.applicationArns'", 'list'],
    [
      { PushSync: { ...PushSync, ApplicationArns: ['arn:x'] } },
      "at 'pushSync.applicationArns.1.member'",
      'arn:aws:sns:',
    ],
    [{ PushSync: { ...PushSync, ApplicationArns: [1] } }, "at 'pushSync.applicationArns.1.member'", 'string'],
    [
      { PushSync: { ...PushSync, ApplicationArns: Array(101).fill(PushSync.ApplicationArns[0]) } },
      'applicationArns',
      '100',
    ],
    [{ PushSync: { ApplicationArns: PushSync.ApplicationArns } }, "at 'pushSync.roleArn'", 'must not be null'],
    [{ PushSync: { ...PushSync, RoleArn: 'arn:aws:iam::1:user/somebody' } }, "at 'pushSync.roleArn'", 'pattern'],
    [{ PushSync: { ...PushSync, RoleArn: `${RoleArn}${'x'.repeat(2_048)}` } }, "at 'pushSync.roleArn'", '2048'],
    [{ CognitoStreams: 'on' }, "at 'cognitoStreams'", 'structure'],
    [
      { CognitoStreams: { ...CognitoStreams, StreamingStatus: 'PAUSED' } },
      "'PAUSED' at 'cognitoStreams.streamingStatus'",
      '[ENABLED, DISABLED]',
    ],
    [
      { CognitoStreams: { ...CognitoStreams, StreamName: '' } },
      "at 'cognitoStreams.streamName'",
      'greater than or equal to 1',
    ],
    [{ CognitoStreams: { ...CognitoStreams, StreamName: 's'.repeat(129) } }, "at 'cognitoStreams.streamName'", '128'],
    [{ CognitoStreams: { StreamName: 's', RoleArn } }, "at 'cognitoStreams.streamingStatus'", 'must not be null'],
  ])('[H13] refuses the configuration %#', async (body, member, constraint) => {
    const answer = await set('configuration', body)
    expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(answer.message).toContain(member)
    expect(answer.message).toContain(constraint)
    expect(await get('configuration')).toEqual({ IdentityPoolId: pool })
  })
})

describe('events', () => {
  test('[F14] the given entry is stored, an empty function removes it, and the answer has no body', async () => {
    expect(await get('events')).toEqual({ Events: {} })
    const answer = await set('events', { Events: { SyncTrigger: 'arn:aws:lambda:us-east-1:1:function:f' } })
    expect([answer.status, answer.body]).toEqual([200, ''])
    expect(await get('events')).toEqual({ Events: { SyncTrigger: 'arn:aws:lambda:us-east-1:1:function:f' } })
    await set('events', { Events: {} })
    expect(await get('events')).toEqual({ Events: { SyncTrigger: 'arn:aws:lambda:us-east-1:1:function:f' } })
    await set('events', { Events: { SyncTrigger: '' } })
    expect(await get('events')).toEqual({ Events: {} })
  })

  test.each([
    ['{}', "at 'events'", 'must not be null'],
    ['{"Events":[]}', "at 'events'", 'structure'],
    ['{"Events":{"Other":"f"}}', "at 'events'", 'SyncTrigger'],
    ['{"Events":{"__proto__":"f"}}', "at 'events'", 'SyncTrigger'],
    ['{"Events":{"constructor":"f"}}', "at 'events'", 'SyncTrigger'],
    ['{"Events":{"SyncTrigger":"f","Other":"g"}}', "at 'events'", 'less than or equal to 1'],
    ['{"Events":{"SyncTrigger":1}}', "at 'events.SyncTrigger.member'", 'string'],
    [`{"Events":{"SyncTrigger":"${'f'.repeat(2_049)}"}}`, "at 'events.SyncTrigger.member'", '2048'],
  ])('[H13] refuses the events %#', async (body, member, constraint) => {
    const answer = await set('events', body)
    expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(answer.message).toContain(member)
    expect(answer.message).toContain(constraint)
    expect(await get('events')).toEqual({ Events: {} })
  })
})
