import { ACCOUNT_ID } from '../../access/testing/an-access.js'
import { ADevice, remove, replace } from './testing/a-device.js'
import { SyncFace, type Guest } from './testing/sync-face.js'

let face: SyncFace
let guest: Guest
beforeAll(async () => {
  face = await SyncFace.start()
})
afterAll(() => face.close())
beforeEach(async () => {
  guest = await face.guest()
})

const aDevice = (dataset?: string) => new ADevice(face, guest, dataset)

describe('ListRecords', () => {
  test('[F9] a dataset that does not exist lists as empty, with every member that clients read', async () => {
    const { status, body } = await aDevice().list()
    expect(status).toBe(200)
    expect(body).toEqual({
      Records: [],
      Count: 0,
      DatasetSyncCount: 0,
      DatasetExists: false,
      DatasetDeletedAfterRequestedSyncCount: false,
      MergedDatasetNames: [],
      SyncSessionToken: expect.stringMatching(/^[A-Za-z]/),
    })
  })

  test('[F9] records come with their times in seconds, tombstones without a Value, and nothing is null', async () => {
    const device = aDevice()
    await device.update([{ ...replace('theme', ''), DeviceLastModifiedDate: 1412974057.151 }, replace('font', 'mono')])
    await device.update([remove('font', 1)], { DeviceId: 'phone' })
    const { body } = await device.list()
    expect(body).toMatchObject({ Count: 2, DatasetSyncCount: 2, DatasetExists: true, LastModifiedBy: 'phone' })
    expect(body.Records).toEqual([
      {
        Key: 'theme',
        Value: '',
        SyncCount: 1,
        LastModifiedDate: expect.any(Number),
        LastModifiedBy: guest.identity,
        DeviceLastModifiedDate: 1412974057.151,
      },
      { Key: 'font', SyncCount: 2, LastModifiedDate: expect.any(Number), LastModifiedBy: 'phone' },
    ])
    expect(Math.abs(body.Records[0].LastModifiedDate - Date.now() / 1_000)).toBeLessThan(60)
    expect(JSON.stringify(body)).not.toContain('null')
  })

  test('[F9] lastSyncCount is exclusive, and pages go on where they ended', async () => {
    const device = aDevice()
    for (let count = 0; count < 5; count++) await device.update([replace(`k${count}`, 'v')])
    expect((await device.list({ lastSyncCount: '3' })).body.Records.map(({ Key }: { Key: string }) => Key)).toEqual([
      'k3',
      'k4',
    ])
    const first = (await device.list({ lastSyncCount: '1', maxResults: '2' })).body
    expect(first).toMatchObject({ Count: 2, DatasetSyncCount: 5 })
    const second = (await device.list({ lastSyncCount: '1', maxResults: '2', nextToken: first.NextToken })).body
    expect(second.Records.map(({ Key }: { Key: string }) => Key)).toEqual(['k3', 'k4'])
    expect(second).not.toHaveProperty('NextToken')
  })

  test('[F9] without maxResults one page holds a whole dataset and its tombstones', async () => {
    const device = aDevice()
    const keys = Array.from({ length: 1_024 }, (_, index) => `k${index}`)
    await device.update(keys.map((key) => replace(key, 'v')))
    await device.update(keys.slice(0, 500).map((key) => remove(key, 1)))
    await device.update(keys.slice(0, 500).map((key) => replace(`more ${key}`, 'v')))
    const { body } = await device.list()
    expect(body.Records).toHaveLength(1_524)
    expect(body).not.toHaveProperty('NextToken')
  })

  test('[F10] a count above the stored one is refused in the words that clients know', async () => {
    const device = aDevice()
    await device.update([replace('a', 'b')])
    expect(await device.list({ lastSyncCount: '2' })).toMatchObject({
      status: 400,
      type: 'InvalidParameterException',
      message: 'No such SyncCount: 2 exists for this Dataset',
    })
  })

  test.each([
    [{ lastSyncCount: '-1' }, "Value '-1' at 'lastSyncCount'", 'greater than or equal to 0'],
    [{ lastSyncCount: '9007199254740992' }, "at 'lastSyncCount'", 'less than or equal to 9007199254740991'],
    [{ lastSyncCount: '1e3' }, "Value '1e3' at 'lastSyncCount'", 'must be an integer'],
    [{ lastSyncCount: '' }, "Value '' at 'lastSyncCount'", 'must be an integer'],
    [{ maxResults: '0' }, "Value '0' at 'maxResults'", 'greater than or equal to 1'],
    [{ maxResults: '2147483648' }, "at 'maxResults'", 'less than or equal to 2147483647'],
    [{ maxResults: '9'.repeat(300) }, "at 'maxResults'", 'must be an integer'],
    [{ nextToken: 'n'.repeat(9_000) + 'n'.repeat(3_000) }, 'NextToken not valid', 'for these inputs'],
    [{ nextToken: 'forged' }, 'NextToken not valid', 'for these inputs'],
    [{ syncSessionToken: 'forged' }, 'SyncSessionToken not valid', 'for these inputs'],
  ])('[H12] refuses the query %#', async (query, member, constraint) => {
    const answer = await aDevice().list(query)
    expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(answer.message).toContain(member)
    expect(answer.message).toContain(constraint)
  })

  test('[H12] a query name that occurs twice is refused, one that nobody knows is ignored', async () => {
    const twice = await aDevice().list({}, { query: { lastSyncCount: ['0', '1'] } })
    expect(twice).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(twice.message).toContain("at 'lastSyncCount' failed to satisfy constraint: Member must occur only once")
    expect((await aDevice().list({ __proto__x: '1', constructor: '2' })).status).toBe(200)
  })

  test('[F10] a session token works for listing until an update has spent it, and for its dataset only', async () => {
    const device = aDevice()
    const SyncSessionToken = await device.token()
    expect((await device.list({ syncSessionToken: SyncSessionToken })).body.SyncSessionToken).toBe(SyncSessionToken)
    const notValid = {
      status: 400,
      type: 'InvalidParameterException',
      message: 'SyncSessionToken not valid for these inputs',
    }
    expect(await aDevice('other').list({ syncSessionToken: SyncSessionToken })).toMatchObject(notValid)
    await device.update([replace('a', 'b')], { SyncSessionToken })
    expect(await device.list({ syncSessionToken: SyncSessionToken })).toMatchObject(notValid)
  })
})

describe('UpdateRecords', () => {
  test('[F9] answers what it wrote, with the new count', async () => {
    const answer = await aDevice().update([replace('a', '1'), replace('__proto__', '2'), replace('constructor', '3')])
    expect(answer.status).toBe(200)
    expect(
      answer.body.Records.map((record: Record<string, unknown>) => [
        record['Key'],
        record['Value'],
        record['SyncCount'],
      ]),
    ).toEqual([
      ['a', '1', 1],
      ['__proto__', '2', 1],
      ['constructor', '3', 1],
    ])
    expect((await aDevice().list()).body.Count).toBe(3)
  })

  test('[F10] a stale patch is a conflict, in the words that clients parse', async () => {
    const device = aDevice()
    await device.update([replace('theme', 'dark')])
    expect(await device.update([replace('theme', 'light', 0)])).toMatchObject({
      status: 409,
      type: 'ResourceConflictException',
      message: 'Current SyncCount for: theme is: 1 not: 0',
    })
  })

  test('[F10] the same update sent again answers as the first time; another with a spent token is refused', async () => {
    const device = aDevice()
    const SyncSessionToken = await device.token()
    const first = await device.update([replace('a', '1')], { SyncSessionToken })
    const again = await device.update([replace('a', '1')], { SyncSessionToken })
    expect(again.body).toEqual(first.body)
    expect(await device.update([replace('a', '2', 1)], { SyncSessionToken })).toMatchObject({
      status: 400,
      type: 'InvalidParameterException',
      message: 'SyncSessionToken not valid for these inputs',
    })
  })

  test('[F10] a limit is named with what it would be and what it is', async () => {
    const tooMany = Array.from({ length: 1_025 }, (_, index) => replace(`k${index}`, ''))
    expect(await aDevice().update(tooMany)).toMatchObject({
      status: 400,
      type: 'LimitExceededException',
      message: 'The dataset would hold 1025 records; the limit (recordsPerDatasetMax) is 1024',
    })
    const tooLarge = await aDevice().update([replace('a', 'x'.repeat(700_000)), replace('b', 'x'.repeat(700_000))])
    expect(tooLarge).toMatchObject({ status: 400, type: 'LimitExceededException' })
    expect(tooLarge.message).toBe('The dataset would hold 1400002 bytes; the limit (bytesPerDatasetMax) is 1048576')
  })

  test('[H7] a dataset of control characters, six bytes each on the wire, is stored and listed', async () => {
    const value = '\u0001'.repeat(1_048_000)
    expect((await aDevice().update([replace('a', value)])).status).toBe(200)
    expect((await aDevice().list()).body.Records[0].Value).toBe(value)
  })

  test('[F11] the writer is the device, else the identity, else the account', async () => {
    const device = aDevice()
    await device.update([replace('a', '1')], { DeviceId: 'my phone' })
    await device.update([replace('b', '1')])
    const SyncSessionToken = await device.token()
    await face.call('POST', device.path, { body: { SyncSessionToken, RecordPatches: [replace('c', '1')] } })
    const { body } = await device.list()
    expect(body.Records.map((record: { LastModifiedBy: string }) => record.LastModifiedBy)).toEqual([
      'my phone',
      guest.identity,
      ACCOUNT_ID,
    ])
  })

  test('[F12] no patches are a batch of none, which takes a count as every batch does', async () => {
    expect(await aDevice().update(undefined)).toMatchObject({ status: 200, body: { Records: [] } })
    expect((await aDevice().list()).body).toMatchObject({ DatasetExists: true, DatasetSyncCount: 1, Count: 0 })
  })

  test('[H13] times come as seconds, with fraction or exponent, or as ISO 8601', async () => {
    const device = aDevice()
    const dated = (key: string, time: string) =>
      `{"Op":"replace","Key":"${key}","Value":"","SyncCount":0,"DeviceLastModifiedDate":${time}}`
    const patches = [
      dated('a', '1412974057'),
      dated('b', '1.412974057151E9'),
      dated('c', '"2014-10-10T20:47:37.151Z"'),
      dated('d', 'null'),
    ]
    const body = `{"SyncSessionToken":"${await device.token()}","RecordPatches":[${patches.join(',')}]}`
    const answer = await device.update([], { SyncSessionToken: '' }, { body })
    expect(answer.body.Records.map((record: Record<string, unknown>) => record['DeviceLastModifiedDate'])).toEqual([
      1412974057,
      1412974057.151,
      1412974057.151,
      undefined,
    ])
  })

  test.each([
    [
      [{ ...replace('a', 'b'), Op: 'merge' }],
      "Value 'merge' at 'recordPatches.1.member.op'",
      'enum value set: [replace, remove]',
    ],
    [
      [{ Op: 'replace', Value: '', SyncCount: 0 }],
      "Value null at 'recordPatches.1.member.key'".replace('null', "'null'"),
      'must not be null',
    ],
    [[replace('k'.repeat(1_025), '')], "at 'recordPatches.1.member.key'", 'less than or equal to 1024'],
    [[replace('', '')], "at 'recordPatches.1.member.key'", 'greater than or equal to 1'],
    [[replace('a', 'v'.repeat(1_048_576))], "at 'recordPatches.1.member.value'", 'less than or equal to 1048575'],
    [[replace('a\u0000', 'v')], "at 'recordPatches.1.member.key'", 'U+0000'],
    [[replace('a', '\ud800')], "at 'recordPatches.1.member.value'", 'surrogates'],
    [[replace('a', 'v'), { ...replace('b', 'v'), SyncCount: '1' }], "at 'recordPatches.2.member.syncCount'", 'integer'],
    [[replace('a', 'v', 1.5)], "at 'recordPatches.1.member.syncCount'", 'integer'],
    [
      [{ ...replace('a', 'v'), DeviceLastModifiedDate: 'yesterday' }],
      "at 'recordPatches.1.member.deviceLastModifiedDate'",
      'time',
    ],
    [
      [{ ...replace('a', 'v'), DeviceLastModifiedDate: {} }],
      "at 'recordPatches.1.member.deviceLastModifiedDate'",
      'time',
    ],
    [[replace('a', 'v'), replace('a', 'w')], "at 'recordPatches.2.member.key'", 'only once'],
    [[null], "at 'recordPatches.1.member'", 'structure'],
    [{ 0: replace('a', 'v') } as unknown as [], "at 'recordPatches'", 'list'],
  ])('[H13] refuses the patches %#', async (patches, member, constraint) => {
    const answer = await aDevice().update(patches)
    expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(answer.message).toContain('1 validation error detected: ')
    expect(answer.message).toContain(member)
    expect(answer.message).toContain(constraint)
    expect((await aDevice().list()).body.DatasetExists).toBe(false)
  })

  test.each([
    [{ SyncSessionToken: undefined }, "at 'syncSessionToken'", 'must not be null'],
    [{ SyncSessionToken: 7 }, "at 'syncSessionToken'", 'must be a string'],
    [{ SyncSessionToken: 'x'.repeat(20_000) }, "at 'syncSessionToken'", 'less than or equal to 16384'],
    [{ DeviceId: '' }, "at 'deviceId'", 'greater than or equal to 1'],
    [{ DeviceId: 'd'.repeat(257) }, "at 'deviceId'", 'less than or equal to 256'],
    [{ DeviceId: [] }, "at 'deviceId'", 'must be a string'],
  ])('[H13] refuses the members %#', async (members, member, constraint) => {
    const answer = await aDevice().update([replace('a', 'b')], members)
    expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(answer.message).toContain(member)
    expect(answer.message).toContain(constraint)
  })

  test('[H13] members that nobody knows are ignored, wherever they are', async () => {
    const patch = { ...replace('a', 'b'), LastModifiedBy: 'mallory', modifiedAt: 1 }
    const answer = await aDevice().update([patch], { IdentityId: 'another', constructor: 1 })
    expect(answer.status).toBe(200)
    expect(answer.body.Records[0].LastModifiedBy).toBe(guest.identity)
  })

  test('[H13] a client context is bounded', async () => {
    const of = (length: number) => aDevice().update([], {}, { headers: { 'x-amz-client-context': 'c'.repeat(length) } })
    expect((await of(4_096)).status).toBe(200)
    expect(await of(4_097)).toMatchObject({ status: 400, type: 'InvalidParameterException' })
  })

  test.each([
    '',
    '[]',
    '"text"',
    '{',
    '{"SyncSessionToken":"a","SyncSessionToken":"b"}',
    `${'['.repeat(100_000)}`,
    '{}x',
  ])('[H1] the body %# is no update', async (body) => {
    const answer = await aDevice().update([], {}, { body })
    expect(answer.status).toBe(400)
    expect(['SerializationException', 'InvalidParameterException']).toContain(answer.type)
  })

  test.each(['application/json', 'application/x-amz-json-1.1', 'application/x-amz-json-1.0'])(
    '[F8] clients that say %s are understood',
    async (type) => {
      const headers = { 'content-type': type, 'x-amz-target': 'AWSCognitoSyncService.UpdateRecords' }
      expect((await aDevice().update([replace('a', 'b')], {}, { headers })).status).toBe(200)
    },
  )
})

describe('DescribeDataset and DeleteDataset', () => {
  test('[F9] a dataset is described with its figures', async () => {
    await aDevice().update([replace('é', 'äö'), replace('b', '')], { DeviceId: 'phone' })
    expect((await aDevice().describe()).body).toEqual({
      Dataset: {
        IdentityId: guest.identity,
        DatasetName: 'settings',
        CreationDate: expect.any(Number),
        LastModifiedDate: expect.any(Number),
        LastModifiedBy: 'phone',
        DataStorage: 7,
        NumRecords: 2,
      },
    })
  })

  test('[F10] what does not exist can be neither described nor deleted', async () => {
    const missing = { status: 404, type: 'ResourceNotFoundException', message: "Dataset 'settings' not found." }
    expect(await aDevice().describe()).toMatchObject(missing)
    expect(await aDevice().delete()).toMatchObject(missing)
  })

  test('[F9] deleting answers what was there; afterwards it is gone, and readers of it are told', async () => {
    const device = aDevice()
    await device.update([replace('a', 'b')])
    expect((await device.delete()).body.Dataset).toMatchObject({
      DatasetName: 'settings',
      NumRecords: 1,
      DataStorage: 2,
    })
    expect((await device.describe()).status).toBe(404)
    expect((await device.list({ lastSyncCount: '1' })).body).toMatchObject({
      DatasetExists: false,
      DatasetSyncCount: 0,
      DatasetDeletedAfterRequestedSyncCount: true,
    })
    expect((await device.list()).body.DatasetDeletedAfterRequestedSyncCount).toBe(false)
  })

  test('[F8] a deletion sent as POST with the override header deletes; without it the signature is wrong', async () => {
    const device = aDevice()
    await device.update([replace('a', 'b')])
    const unity = { as: guest.credentials, sentAs: 'POST', body: '{}' }
    expect(await face.call('DELETE', device.path, unity)).toMatchObject({
      status: 403,
      type: 'InvalidSignatureException',
    })
    const overridden = await face.call('DELETE', device.path, {
      ...unity,
      headers: { 'x-http-method-override': 'DELETE' },
    })
    expect(overridden.body.Dataset).toMatchObject({ DatasetName: 'settings' })
  })

  test('[H11] names of 128 characters and every allowed mark work, encoded or not', async () => {
    const name = `a.b-c_d:${'x'.repeat(120)}`
    await aDevice(name).update([replace('a', 'b')])
    expect((await aDevice(name).describe()).body.Dataset.DatasetName).toBe(name)
    const raw = await face.call('GET', `/identitypools/${guest.pool}/identities/${guest.identity}/datasets/${name}`, {
      as: guest.credentials,
    })
    expect(raw.body.Dataset.DatasetName).toBe(name)
  })

  test.each([
    ['x'.repeat(129), "at 'datasetName'", 'less than or equal to 128'],
    ['a b', "Value 'a b' at 'datasetName'", '[a-zA-Z0-9_.:-]+'],
    ['a/b', "Value 'a/b' at 'datasetName'", '[a-zA-Z0-9_.:-]+'],
    ['é', "at 'datasetName'", '[a-zA-Z0-9_.:-]+'],
  ])('[H11] refuses the dataset name %#', async (name, member, constraint) => {
    const answer = await aDevice(name).describe()
    expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(answer.message).toContain(member)
    expect(answer.message).toContain(constraint)
  })

  test('[H11] every wrong part of a path is named at once', async () => {
    const answer = await face.call('GET', '/identitypools/POOL/identities/x%3AY/datasets/%20')
    expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(answer.message).toMatch(/^3 validation errors detected: .*'identityPoolId'.*'identityId'.*'datasetName'/)
  })
})

describe('who may', () => {
  test('[F13] an identity touches only its own; what exists elsewhere and what does not are answered alike', async () => {
    const other = await face.guest()
    await new ADevice(face, other).update([replace('a', 'secret')])
    const ghost = { ...other, path: guest.path.replace(/[0-9a-f]{12}$/, '000000000000') }
    for (const whose of [other, ghost]) {
      const device = new ADevice(face, { ...whose, credentials: guest.credentials })
      for (const answer of [
        await device.list(),
        await device.describe(),
        await device.delete(),
        await device.update([], { SyncSessionToken: 'x' }),
      ]) {
        expect(answer).toMatchObject({
          status: 403,
          type: 'NotAuthorizedException',
          message: 'These credentials are not valid for accessing this resource',
        })
      }
    }
  })

  test('[F13] the account reads and writes for every identity, and is told what does not exist', async () => {
    const account = new ADevice(face, { ...guest, credentials: undefined as never })
    expect((await account.update([replace('a', 'b')])).status).toBe(200)
    expect((await account.describe()).body.Dataset.LastModifiedBy).toBe(ACCOUNT_ID)
    const nobody = new ADevice(face, {
      ...guest,
      path: guest.path.replace(/[0-9a-f]{12}$/, '000000000000'),
      credentials: undefined as never,
    })
    const nowhere = new ADevice(face, {
      ...guest,
      path: guest.path.replace(/[0-9a-f]{12}\/id/, '000000000000/id'),
      credentials: undefined as never,
    })
    for (const [device, what] of [
      [nobody, /^Identity '.*' not found\.$/],
      [nowhere, /^Identity(Pool)? '.*' not found\.$/],
    ] as const) {
      for (const answer of [await device.list(), await device.describe(), await device.delete()]) {
        expect(answer).toMatchObject({ status: 404, type: 'ResourceNotFoundException' })
        expect(answer.message).toMatch(what)
      }
    }
  })

  test('[F1] an unsigned request and a stranger are refused in AWS form', async () => {
    const path = `${guest.path}/datasets/settings`
    expect(await face.call('GET', path, { as: null })).toMatchObject({
      status: 403,
      type: 'MissingAuthenticationTokenException',
    })
    const stranger = { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'x' }
    expect(await face.call('GET', path, { as: stranger })).toMatchObject({
      status: 403,
      type: 'UnrecognizedClientException',
    })
  })
})
