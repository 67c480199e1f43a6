import { ACCOUNT_ID } from '../../access/testing/an-access.js'
import { replace } from './testing/a-device.js'
import { guestAtFace } from './testing/guest-at-face.js'

const at = guestAtFace()
const { aDevice } = at

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
    await at.face.call('POST', device.path, { body: { SyncSessionToken, RecordPatches: [replace('c', '1')] } })
    const { body } = await device.list()
    expect(body.Records.map((record: { LastModifiedBy: string }) => record.LastModifiedBy)).toEqual([
      'my phone',
      at.guest.identity,
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
    expect(answer.body.Records[0].LastModifiedBy).toBe(at.guest.identity)
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
