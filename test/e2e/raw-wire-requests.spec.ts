import { exchange } from '../support/http-exchange.js'
import { servedGuest } from '../support/served-guest.js'
import { datasetPath, errorOf, okOf, replace, type SentWith } from '../support/wire-client.js'

const REQUEST_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const JSON_TYPE = { 'content-type': 'application/json' }

const on = servedGuest()

const update = async (dataset: string, key: string) => ({
  SyncSessionToken: (await on.me.device.list(dataset)).SyncSessionToken,
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
    const answer = await on.me.device.wire.send({
      method: 'POST',
      target: datasetPath(on.me, 'types'),
      headers: { ...headers },
      body,
    })
    expect(okOf(answer)).toMatchObject({ Records: [{ Key: who, Value: 'v' }] })
  })

  test('Android’s content type on a GET is no matter', async () => {
    const headers = { 'content-type': 'application/x-amz-json-1.1' }
    const answer = await on.me.device.wire.send({ target: `${datasetPath(on.me, 'types')}/records`, headers })
    expect(okOf(answer)).toMatchObject({ DatasetExists: true })
  })
})

describe('method override', () => {
  const overriding: SentWith = { signedMethod: 'DELETE', unsignedHeaders: { 'x-http-method-override': 'DELETE' } }

  test('[F8] a POST that is signed as DELETE and says so deletes, as Unity’s clients do it', async () => {
    await on.me.device.write('unity', replace('a', '1'))
    const answer = await on.me.device.wire.sendJson(datasetPath(on.me, 'unity'), '{}', overriding)
    expect(okOf(answer)).toMatchObject({ Dataset: { DatasetName: 'unity', NumRecords: 1 } })
    expect((await on.me.device.list('unity')).DatasetExists).toBe(false)
  })

  test('[F8] the override cannot turn a POST that was signed as POST into a deletion', async () => {
    await on.me.device.write('unity', replace('a', '1'))
    const { signedMethod: _, ...unsigned } = overriding
    const answer = await on.me.device.wire.sendJson(datasetPath(on.me, 'unity'), '{}', unsigned)
    expect(errorOf(answer)).toMatchObject({ status: 403, type: 'InvalidSignatureException' })
    expect((await on.me.device.list('unity')).DatasetExists).toBe(true)
  })

  test('[F8] no other method can be put in place of another', async () => {
    for (const [method, override] of [
      ['POST', 'GET'],
      ['GET', 'DELETE'],
    ] as const) {
      const headers = { 'x-http-method-override': override }
      const target = datasetPath(on.me, 'unity')
      const body = method === 'POST' ? { body: '{}' } : {}
      const answer = await on.me.device.wire.send(
        { method, target, headers: { ...headers, ...JSON_TYPE }, ...body },
        { signedMethod: override },
      )
      expect(errorOf(answer)).toMatchObject({ status: 403, type: 'InvalidSignatureException' })
    }
    expect((await on.me.device.list('unity')).DatasetExists).toBe(true)
  })
})

describe('paths', () => {
  test('[A4] a colon may be sent raw or as %3A, and each is signed as it is sent', async () => {
    await on.me.device.write('a:b', replace('k', 'v'))
    const encoded = datasetPath(on.me, 'a:b')
    const raw = encoded.replaceAll('%3A', ':')
    for (const target of [encoded, raw, encoded.replaceAll('%3A', '%3a')]) {
      expect(okOf(await on.me.device.wire.send({ target }))).toMatchObject({ Dataset: { DatasetName: 'a:b' } })
    }
    const crossed = await on.me.device.wire.send({ target: encoded }, { signedTarget: raw })
    expect(errorOf(crossed)).toMatchObject({ status: 403, type: 'InvalidSignatureException' })
  })

  test('a dataset name of 128 encoded colons is found', async () => {
    const name = ':'.repeat(128)
    await on.me.device.write(name, replace('k', 'v'))
    expect(okOf(await on.me.device.wire.send({ target: datasetPath(on.me, name) }))).toMatchObject({
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
    const answer = await exchange(on.server.url, { method, target })
    expect(errorOf(answer)).toEqual({
      status: 404,
      type: 'UnknownOperationException',
      message: 'no operation has this method and path',
    })
    expect(answer.headers['x-amzn-requestid']).toMatch(REQUEST_ID)
  })

  test.each(['%', '%zz', '%3', '%c3%28', '%ff'])('a path that is not validly encoded is refused: %s', async (bad) => {
    const answer = await exchange(on.server.url, { target: `/identitypools/${bad}` })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(errorOf(answer).message).toEqual(expect.any(String))
  })

  test('[H12] a query member that is sent twice is refused by its name', async () => {
    const answer = await on.me.device.wire.send({
      target: `${datasetPath(on.me, 'a')}/records?maxResults=1&maxResults=2`,
    })
    expect(errorOf(answer)).toMatchObject({ status: 400, type: 'InvalidParameterException' })
    expect(errorOf(answer).message).toContain("'maxResults'")
  })

  test('query members that nobody asks for are no matter', async () => {
    expect(okOf(await on.me.device.listRaw('a', { unknown: 'x', __proto__x: '1' }))).toMatchObject({ Count: 0 })
  })
})
