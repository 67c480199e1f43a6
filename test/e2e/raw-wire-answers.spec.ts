import { aGuest, aPool, REGION } from '../support/a-pool.js'
import { exchange, type Answer } from '../support/http-exchange.js'
import { servedGuest } from '../support/served-guest.js'
import { ABSENT_LISTING, datasetPath, identityPath, replace } from '../support/wire-client.js'

const REQUEST_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const on = servedGuest()

describe('answers', () => {
  test('[F1] an error has its type in the header and lower-case message in the body', async () => {
    const answer = await on.me.device.wire.send({ target: datasetPath(on.me, 'absent') })
    expect(answer.status).toBe(404)
    expect(answer.headers).toMatchObject({
      'x-amzn-errortype': 'ResourceNotFoundException',
      'x-amzn-requestid': expect.stringMatching(REQUEST_ID),
      'content-type': expect.stringMatching(/^application\/json/),
      date: expect.any(String),
    })
    expect(answer.json()).toEqual({ __type: 'ResourceNotFoundException', message: "Dataset 'absent' not found." })
  })

  test('[F4] every answer has a request id of its own', async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => (await on.me.device.listRaw('a')).headers['x-amzn-requestid']),
    )
    expect(new Set(ids).size).toBe(20)
    for (const id of ids) expect(id).toMatch(REQUEST_ID)
  })

  test('[F9] no member of any answer is ever null, and those that clients read without looking are there', async () => {
    await on.me.device.write('members', replace('a', '1'))
    await on.me.device.write('members', { Op: 'remove', Key: 'a', SyncCount: 1 })
    const fresh = await aGuest(on.server, await aPool(on.server))
    const answers: Answer[] = [
      await on.me.device.listRaw('members'),
      await fresh.device.listRaw('absent'),
      await on.me.device.wire.send({ target: datasetPath(on.me, 'members') }),
      await on.me.device.wire.send({ target: `${identityPath(on.me)}/datasets` }),
      await fresh.device.wire.send({ target: `${identityPath(fresh)}/datasets` }),
      await fresh.device.wire.send({ target: identityPath(fresh) }),
      await on.admin.wire.send({ target: '/identitypools' }),
      await on.admin.wire.send({ target: `/identitypools/${encodeURIComponent(fresh.pool)}` }),
      await on.admin.wire.send({ target: `/identitypools/${encodeURIComponent(fresh.pool)}/configuration` }),
      await on.admin.wire.send({ target: `/identitypools/${encodeURIComponent(fresh.pool)}/events` }),
      await on.admin.wire.sendJson(`/identitypools/${encodeURIComponent(fresh.pool)}/getBulkPublishDetails`, {}),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(200)
      expect(answer.text).not.toContain('null')
    }
    expect(answers[1]!.json()).toMatchObject({
      ...ABSENT_LISTING,
      SyncSessionToken: expect.stringMatching(/^[A-Za-z]/),
    })
    expect(answers[4]!.json()).toEqual({ Datasets: [], Count: 0 })
    const datasets = answers[3]!.json()['Datasets'] as Record<string, unknown>[]
    const emptied = datasets.find(({ DatasetName }) => DatasetName === 'members')
    expect(emptied).toMatchObject({ NumRecords: 0, DataStorage: 0 })
  })

  test('times are numbers, in seconds', async () => {
    const before = Date.now() / 1_000
    await on.me.device.write('times', { ...replace('a', '1'), DeviceLastModifiedDate: 1.412974057151e9 })
    const { Records } = (await on.me.device.list('times')) as unknown as { Records: Record<string, number>[] }
    expect(Records[0]!['DeviceLastModifiedDate']).toBe(1_412_974_057.151)
    expect(Records[0]!['LastModifiedDate']).toBeGreaterThanOrEqual(Math.floor(before))
    expect(Records[0]!['LastModifiedDate']).toBeLessThan(before + 60)
  })

  test('SetCognitoEvents answers without a body', async () => {
    const answer = await on.admin.wire.sendJson(`/identitypools/${encodeURIComponent(on.pool)}/events`, { Events: {} })
    expect([answer.status, answer.text]).toEqual([200, ''])
  })

  test('[F2] the identity face answers 400 with a colon behind the type', async () => {
    const absent = `${REGION}:00000000-0000-4000-8000-00000000dead`
    const answer = await on.admin.wire.identity('DescribeIdentityPool', { IdentityPoolId: absent })
    expect(answer.status).toBe(400)
    expect(answer.headers).toMatchObject({
      'x-amzn-errortype': 'ResourceNotFoundException:',
      'x-amzn-errormessage': `IdentityPool '${absent}' not found.`,
      'content-type': expect.stringMatching(/^application\/x-amz-json-1\.1/),
    })
  })

  test.each(['AWSCognitoIdentityService.Nothing', 'AWSCognitoSyncService.ListRecords', 'GetId', ''])(
    '[F5] an unknown target is refused: "%s"',
    async (target) => {
      const answer = await exchange(on.server.url, {
        method: 'POST',
        target: '/',
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
        body: '{}',
      })
      expect(answer.status).toBe(400)
      expect(answer.json()).toMatchObject({ __type: 'UnknownOperationException', message: expect.any(String) })
    },
  )

  test.each([
    'Action=Nothing&Version=2011-06-15',
    'Version=2011-06-15',
    '',
    'Action=AssumeRole&Action=GetCallerIdentity',
  ])('[F2] the STS face answers errors as XML: "%s"', async (body) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await exchange(on.server.url, { method: 'POST', target: '/', headers, body })
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toMatch(/^text\/xml/)
    expect(answer.text).toMatch(
      /^<ErrorResponse xmlns=.*<Type>Sender<\/Type><Code>\w+<\/Code><Message>[^<]+<\/Message>/,
    )
  })
})
