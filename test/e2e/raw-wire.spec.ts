import { adminOf, aGuest, aPool, datasetOf, REGION, type Somebody } from '../support/a-pool.js'
import { exchange, type Answer } from '../support/http-exchange.js'
import { signRequest } from '../support/sign-request.js'
import { startServer, type RunningServer } from '../support/start-server.js'
import { datasetPath, errorOf, identityPath, okOf, replace, type SentWith } from '../support/wire-client.js'

const REQUEST_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const JSON_TYPE = { 'content-type': 'application/json' }

let server: RunningServer
let admin: ReturnType<typeof adminOf>
let pool: string
let me: Somebody

beforeAll(async () => {
  server = await startServer()
  admin = adminOf(server)
  pool = await aPool(server)
  me = await aGuest(server, pool)
}, 60_000)

afterAll(() => server.stop())

const update = async (dataset: string, key: string) => ({
  SyncSessionToken: (await me.device.list(dataset)).SyncSessionToken,
  RecordPatches: [replace(key, 'v')],
})

describe('content types', () => {
  test.each([
    ['JS and boto3', { 'content-type': 'application/json' }],
    ['Android and iOS', { 'content-type': 'application/x-amz-json-1.1' }],
    [
      'older Android',
      { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AWSCognitoSyncService.UpdateRecords' },
    ],
    ['a type with a charset', { 'content-type': 'application/json; charset=UTF-8' }],
    ['no type', {}],
  ] as const)('[F8] a body is read whatever type its client gives it: %s', async (who, headers) => {
    const body = JSON.stringify(await update('types', who))
    const answer = await me.device.wire.send({
      method: 'POST',
      target: datasetPath(me, 'types'),
      headers: { ...headers },
      body,
    })
    expect(okOf(answer)).toMatchObject({ Records: [{ Key: who, Value: 'v' }] })
  })

  test('Android’s content type on a GET is no matter', async () => {
    const headers = { 'content-type': 'application/x-amz-json-1.1' }
    const answer = await me.device.wire.send({ target: `${datasetPath(me, 'types')}/records`, headers })
    expect(okOf(answer)).toMatchObject({ DatasetExists: true })
  })
})

describe('method override', () => {
  const overriding: SentWith = { signedMethod: 'DELETE', unsignedHeaders: { 'x-http-method-override': 'DELETE' } }

  test('[F8] a POST that is signed as DELETE and says so deletes, as Unity’s clients do it', async () => {
    await me.device.write('unity', replace('a', '1'))
    const answer = await me.device.wire.sendJson(datasetPath(me, 'unity'), '{}', overriding)
    expect(okOf(answer)).toMatchObject({ Dataset: { DatasetName: 'unity', NumRecords: 1 } })
    expect((await me.device.list('unity')).DatasetExists).toBe(false)
  })

  test('[F8] the override cannot turn a POST that was signed as POST into a deletion', async () => {
    await me.device.write('unity', replace('a', '1'))
    const { signedMethod: _, ...unsigned } = overriding
    const answer = await me.device.wire.sendJson(datasetPath(me, 'unity'), '{}', unsigned)
    expect(errorOf(answer)).toMatchObject({ status: 403, type: 'InvalidSignatureException' })
    expect((await me.device.list('unity')).DatasetExists).toBe(true)
  })

  test('[F8] no other method can be put in place of another', async () => {
    for (const [method, override] of [
      ['POST', 'GET'],
      ['GET', 'DELETE'],
    ] as const) {
      const headers = { 'x-http-method-override': override }
      const target = datasetPath(me, 'unity')
      const body = method === 'POST' ? { body: '{}' } : {}
      const answer = await me.device.wire.send(
        { method, target, headers: { ...headers, ...JSON_TYPE }, ...body },
        { signedMethod: override },
      )
      expect(errorOf(answer)).toMatchObject({ status: 403, type: 'InvalidSignatureException' })
    }
    expect((await me.device.list('unity')).DatasetExists).toBe(true)
  })
})

describe('paths', () => {
  test('[A4] a colon may be sent raw or as %3A, and each is signed as it is sent', async () => {
    await me.device.write('a:b', replace('k', 'v'))
    const encoded = datasetPath(me, 'a:b')
    const raw = encoded.replaceAll('%3A', ':')
    for (const target of [encoded, raw, encoded.replaceAll('%3A', '%3a')]) {
      expect(okOf(await me.device.wire.send({ target }))).toMatchObject({ Dataset: { DatasetName: 'a:b' } })
    }
    const crossed = await me.device.wire.send({ target: encoded }, { signedTarget: raw })
    expect(errorOf(crossed)).toMatchObject({ status: 403, type: 'InvalidSignatureException' })
  })

  test('a dataset name of 128 encoded colons is found', async () => {
    const name = ':'.repeat(128)
    await me.device.write(name, replace('k', 'v'))
    expect(okOf(await me.device.wire.send({ target: datasetPath(me, name) }))).toMatchObject({
      Dataset: { DatasetName: name },
    })
  })

  test.each([
    ['GET', '/nothing'],
    ['GET', '/identitypools/'],
    ['GET', '//identitypools'],
    ['GET', '/IdentityPools'],
    ['PUT', '/identitypools'],
    ['PATCH', '/identitypools'],
    ['DELETE', '/identitypools'],
    ['POST', '/identitypools'],
    ['GET', '/identitypools/x/y'],
    ['GET', '/identitypools/../health/live'],
    ['DELETE', '/'],
  ])('[F5] what is no operation is refused in AWS form: %s %s', async (method, target) => {
    const answer = await exchange(server.url, { method, target })
    expect(errorOf(answer)).toEqual({
      status: 404,
      type: 'UnknownOperationException',
      message: 'no operation has this method and path',
    })
    expect(answer.headers['x-amzn-requestid']).toMatch(REQUEST_ID)
  })

  test.each(['%', '%zz', '%3', '%c3%28', '%ff'])('a path that is not validly encoded is refused: %s', async (bad) => {
    const answer = await exchange(server.url, { target: `/identitypools/${bad}` })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(errorOf(answer).message).toEqual(expect.any(String))
  })

  test('[H12] a query member that is sent twice is refused by its name', async () => {
    const answer = await me.device.wire.send({ target: `${datasetPath(me, 'a')}/records?maxResults=1&maxResults=2` })
    expect(errorOf(answer)).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(errorOf(answer).message).toContain("'maxResults'")
  })

  test('query members that nobody asks for are no matter', async () => {
    expect(okOf(await me.device.listRaw('a', { unknown: 'x', __proto__x: '1' }))).toMatchObject({ Count: 0 })
  })
})

describe('answers', () => {
  test('[F1] an error has its type in the header and lower-case message in the body', async () => {
    const answer = await me.device.wire.send({ target: datasetPath(me, 'absent') })
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
      Array.from({ length: 20 }, async () => (await me.device.listRaw('a')).headers['x-amzn-requestid']),
    )
    expect(new Set(ids).size).toBe(20)
    for (const id of ids) expect(id).toMatch(REQUEST_ID)
  })

  test('[F9] no member of any answer is ever null, and those that clients read without looking are there', async () => {
    await me.device.write('members', replace('a', '1'))
    await me.device.write('members', { Op: 'remove', Key: 'a', SyncCount: 1 })
    const fresh = await aGuest(server, await aPool(server))
    const answers: Answer[] = [
      await me.device.listRaw('members'),
      await fresh.device.listRaw('absent'),
      await me.device.wire.send({ target: datasetPath(me, 'members') }),
      await me.device.wire.send({ target: `${identityPath(me)}/datasets` }),
      await fresh.device.wire.send({ target: `${identityPath(fresh)}/datasets` }),
      await fresh.device.wire.send({ target: identityPath(fresh) }),
      await admin.wire.send({ target: '/identitypools' }),
      await admin.wire.send({ target: `/identitypools/${encodeURIComponent(fresh.pool)}` }),
      await admin.wire.send({ target: `/identitypools/${encodeURIComponent(fresh.pool)}/configuration` }),
      await admin.wire.send({ target: `/identitypools/${encodeURIComponent(fresh.pool)}/events` }),
      await admin.wire.sendJson(`/identitypools/${encodeURIComponent(fresh.pool)}/getBulkPublishDetails`, {}),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(200)
      expect(answer.text).not.toContain('null')
    }
    expect(answers[1]!.json()).toMatchObject({
      Records: [],
      Count: 0,
      DatasetSyncCount: 0,
      DatasetExists: false,
      DatasetDeletedAfterRequestedSyncCount: false,
      MergedDatasetNames: [],
      SyncSessionToken: expect.stringMatching(/^[A-Za-z]/),
    })
    expect(answers[4]!.json()).toEqual({ Datasets: [], Count: 0 })
    const datasets = answers[3]!.json()['Datasets'] as Record<string, unknown>[]
    const emptied = datasets.find(({ DatasetName }) => DatasetName === 'members')
    expect(emptied).toMatchObject({ NumRecords: 0, DataStorage: 0 })
  })

  test('times are numbers, in seconds', async () => {
    const before = Date.now() / 1_000
    await me.device.write('times', { ...replace('a', '1'), DeviceLastModifiedDate: 1.412974057151e9 })
    const { Records } = (await me.device.list('times')) as unknown as { Records: Record<string, number>[] }
    expect(Records[0]!['DeviceLastModifiedDate']).toBe(1_412_974_057.151)
    expect(Records[0]!['LastModifiedDate']).toBeGreaterThanOrEqual(Math.floor(before))
    expect(Records[0]!['LastModifiedDate']).toBeLessThan(before + 60)
  })

  test('SetCognitoEvents answers without a body', async () => {
    const answer = await admin.wire.sendJson(`/identitypools/${encodeURIComponent(pool)}/events`, { Events: {} })
    expect([answer.status, answer.text]).toEqual([200, ''])
  })

  test('[F2] the identity face answers 400 with a colon behind the type', async () => {
    const absent = `${REGION}:00000000-0000-4000-8000-00000000dead`
    const answer = await admin.wire.identity('DescribeIdentityPool', { IdentityPoolId: absent })
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
      const answer = await exchange(server.url, {
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
    const answer = await exchange(server.url, { method: 'POST', target: '/', headers, body })
    expect(answer.status).toBe(400)
    expect(answer.headers['content-type']).toMatch(/^text\/xml/)
    expect(answer.text).toMatch(
      /^<ErrorResponse xmlns=.*<Type>Sender<\/Type><Code>\w+<\/Code><Message>[^<]+<\/Message>/,
    )
  })
})

describe('signatures', () => {
  const target = (): string => `${datasetPath(me, 'signed')}/records`
  const refused = async (answer: Promise<Answer>, type: string, words: string | RegExp) => {
    const { status, ...error } = errorOf(await answer)
    expect({ status, type: error.type }).toEqual({ status: 403, type })
    expect(error.message).toEqual(expect.stringMatching(words))
  }

  test('[A10] a request without a signature', () =>
    refused(
      exchange(server.url, { target: target() }),
      'MissingAuthenticationTokenException',
      'Missing Authentication',
    ))

  test('[A10] an access key id that nobody has', () => {
    const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x'.repeat(40) }
    const host = new URL(server.url).host
    const headers = signRequest({ method: 'GET', host, target: target() }, { credentials })
    return refused(exchange(server.url, { target: target(), headers }), 'UnrecognizedClientException', 'is invalid')
  })

  test('[A6] an x-amz header outside of the signature', () =>
    refused(
      me.device.wire.send({ target: target() }, { unsignedHeaders: { 'x-amz-client-context': 'x' } }),
      'IncompleteSignatureException',
      'x-amz-client-context must be signed',
    ))

  test.each([
    ['region', { region: 'eu-central-1' }],
    ['service', { service: 'cognito-identity' }],
  ] as const)('[A7] a signature made for another %s', (name, over) =>
    refused(me.device.wire.send({ target: target() }, over), 'InvalidSignatureException', new RegExp(name)),
  )

  test.each([
    [-16, 'Signature expired'],
    [16, 'Signature not yet current'],
  ])('[A9] a date that is %i minutes off', (minutes, words) =>
    refused(
      me.device.wire.send({ target: target() }, { at: Date.now() + minutes * 60_000 }),
      'InvalidSignatureException',
      words,
    ),
  )

  test('[A9] a date that is 14 minutes off passes', async () => {
    for (const minutes of [-14, 14]) {
      const answer = await me.device.wire.send({ target: target() }, { at: Date.now() + minutes * 60_000 })
      expect(answer.status).toBe(200)
    }
  })

  test('[A2] a body, method, path or query other than the one that was signed', async () => {
    const says = 'The request signature we calculated does not match'
    const body = { method: 'POST', target: datasetPath(me, 'signed'), headers: JSON_TYPE, body: '{"a":1}' }
    const signed = me.device.wire.signed(body)
    await refused(exchange(server.url, { ...signed, body: '{"a":2}' }), 'InvalidSignatureException', says)
    await refused(exchange(server.url, { ...signed, target: datasetPath(me, 'x') }), 'InvalidSignatureException', says)
    const get = me.device.wire.signed({ target: target() })
    const withQuery = { ...get, target: `${target()}?lastSyncCount=0` }
    await refused(exchange(server.url, withQuery), 'InvalidSignatureException', says)
    const asDelete = { ...me.device.wire.signed({ target: datasetPath(me, 'signed') }), method: 'DELETE' }
    await refused(exchange(server.url, asDelete), 'InvalidSignatureException', says)
  })

  test.each(['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', '0'.repeat(64)])(
    '[A3] a declared body hash that is not the body’s: %s',
    async (hash) => {
      const headers = { ...JSON_TYPE, 'x-amz-content-sha256': hash }
      const answer = await me.device.wire.send({
        method: 'POST',
        target: datasetPath(me, 'signed'),
        headers,
        body: '{}',
      })
      expect(answer.status).toBe(403)
      expect(errorOf(answer).type).toMatch(/Signature/)
    },
  )

  test('[A5] a presigned query', async () => {
    const signed = me.device.wire.signed({ target: target() }).headers
    const query = new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': /Credential=([^,]+)/.exec(signed['authorization']!)![1]!,
      'X-Amz-Date': signed['x-amz-date']!,
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Security-Token': me.credentials.sessionToken,
      'X-Amz-Signature': /Signature=(\w+)/.exec(signed['authorization']!)![1]!,
    })
    const presigned = `${target()}?${query.toString()}`
    const alone = errorOf(await exchange(server.url, { target: presigned }))
    expect([alone.status, alone.type]).toEqual([403, expect.stringMatching(/^(Missing|Incomplete)/)])
    const withHeader = me.device.wire.send({ target: presigned })
    await refused(withHeader, 'IncompleteSignatureException', 'presigned requests are not served')
  })

  test('[K5] a session token with another key pair, or none', async () => {
    const other = await aGuest(server, pool)
    const send = (credentials: Parameters<typeof signRequest>[1]['credentials']) => {
      const host = new URL(server.url).host
      const headers = signRequest({ method: 'GET', host, target: target() }, { credentials })
      return exchange(server.url, { target: target(), headers })
    }
    const { accessKeyId, secretAccessKey, sessionToken } = me.credentials
    const says = 'The security token included in the request is invalid'
    const crossed = { accessKeyId, secretAccessKey, sessionToken: other.credentials.sessionToken }
    await refused(send(crossed), 'UnrecognizedClientException', says)
    await refused(send({ accessKeyId, secretAccessKey }), 'UnrecognizedClientException', says)
    await refused(send({ ...server.admin, sessionToken }), 'UnrecognizedClientException', says)
  })
})

describe('browsers', () => {
  const PAGE = 'http://localhost:5173'
  const preflight = (origin: string, target = datasetPath(me, 'x')): Promise<Answer> =>
    exchange(server.url, {
      method: 'OPTIONS',
      target,
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,x-amz-date,x-amz-security-token',
      },
    })

  test.each(['/', '/identitypools/x/identities/y/datasets/z'])(
    '[F6] a page on loopback may send what SDKs send, to %s',
    async (target) => {
      const { status, headers } = await preflight(PAGE, target)
      expect(status).toBe(204)
      expect(headers['access-control-allow-origin']).toBe(PAGE)
      expect(headers['access-control-allow-methods']!.split(',').map((word) => word.trim())).toEqual(
        expect.arrayContaining(['GET', 'POST', 'DELETE']),
      )
      const allowed = headers['access-control-allow-headers']!.toLowerCase().split(/, ?/)
      expect(allowed).toEqual(
        expect.arrayContaining([
          'authorization',
          'content-type',
          'x-amz-date',
          'x-amz-security-token',
          'x-amz-content-sha256',
          'x-amz-user-agent',
          'x-amz-target',
          'amz-sdk-invocation-id',
          'amz-sdk-request',
        ]),
      )
    },
  )

  test('[F6] answers and errors show pages what SDKs read', async () => {
    for (const answer of [
      await me.device.wire.send({ target: `${datasetPath(me, 'x')}/records`, headers: { origin: PAGE } }),
      await me.device.wire.send({ target: datasetPath(me, 'absent'), headers: { origin: PAGE } }),
      await exchange(server.url, { target: '/nothing', headers: { origin: PAGE } }),
      await exchange(server.url, { target: '/%zz', headers: { origin: PAGE } }),
    ]) {
      expect(answer.headers['access-control-allow-origin']).toBe(PAGE)
      const exposed = answer.headers['access-control-expose-headers']!.toLowerCase().split(/, ?/)
      expect(exposed).toEqual(
        expect.arrayContaining(['x-amzn-errortype', 'x-amzn-errormessage', 'x-amzn-requestid', 'date']),
      )
    }
  })

  test.each(['https://evil.example', 'null', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example'])(
    '[F6] a page from elsewhere gets no leave: %s',
    async (origin) => {
      expect((await preflight(origin)).headers).not.toHaveProperty('access-control-allow-origin')
      const answer = await me.device.wire.send({ target: `${datasetPath(me, 'x')}/records`, headers: { origin } })
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
    },
  )

  test('the SDK’s own clients see the listing that was set up here', async () => {
    expect((await me.sync.listRecords(datasetOf(me, 'members'))).DatasetExists).toBe(true)
  })
})
