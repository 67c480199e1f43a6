import { remove, replace } from './testing/a-device.js'
import { guestAtFace } from './testing/guest-at-face.js'

const at = guestAtFace()
const { aDevice } = at

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
        LastModifiedBy: at.guest.identity,
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
