import { aGuest } from '../support/a-pool.js'
import { exchange, type Answer } from '../support/http-exchange.js'
import { signRequest } from '../support/sign-request.js'
import { servedGuest } from '../support/served-guest.js'
import { datasetPath, errorOf } from '../support/wire-client.js'
const JSON_TYPE = { 'content-type': 'application/json' }

const on = servedGuest()

describe('signatures', () => {
  const target = (): string => `${datasetPath(on.me, 'signed')}/records`
  const refused = async (answer: Promise<Answer>, type: string, words: string | RegExp) => {
    const { status, ...error } = errorOf(await answer)
    expect({ status, type: error.type }).toEqual({ status: 403, type })
    expect(error.message).toEqual(expect.stringMatching(words))
  }

  test('[A10] a request without a signature', () =>
    refused(
      exchange(on.server.url, { target: target() }),
      'MissingAuthenticationTokenException',
      'Missing Authentication',
    ))

  test('[A10] an access key id that nobody has', () => {
    const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x'.repeat(40) }
    const host = new URL(on.server.url).host
    const headers = signRequest({ method: 'GET', host, target: target() }, { credentials })
    return refused(exchange(on.server.url, { target: target(), headers }), 'UnrecognizedClientException', 'is invalid')
  })

  test('[A6] an x-amz header outside of the signature', () =>
    refused(
      on.me.device.wire.send({ target: target() }, { unsignedHeaders: { 'x-amz-client-context': 'x' } }),
      'IncompleteSignatureException',
      'x-amz-client-context must be signed',
    ))

  test.each([
    ['region', { region: 'eu-central-1' }],
    ['service', { service: 'cognito-identity' }],
  ] as const)('[A7] a signature made for another %s', (name, over) =>
    refused(on.me.device.wire.send({ target: target() }, over), 'InvalidSignatureException', new RegExp(name)),
  )

  test.each([
    [-16, 'Signature expired'],
    [16, 'Signature not yet current'],
  ])('[A9] a date that is %i minutes off', (minutes, words) =>
    refused(
      on.me.device.wire.send({ target: target() }, { at: Date.now() + minutes * 60_000 }),
      'InvalidSignatureException',
      words,
    ),
  )

  test('[A9] a date that is 14 minutes off passes', async () => {
    for (const minutes of [-14, 14]) {
      const answer = await on.me.device.wire.send({ target: target() }, { at: Date.now() + minutes * 60_000 })
      expect(answer.status).toBe(200)
    }
  })

  test('[A2] a body, method, path or query other than the one that was signed', async () => {
    const says = 'The request signature we calculated does not match'
    const body = { method: 'POST', target: datasetPath(on.me, 'signed'), headers: JSON_TYPE, body: '{"a":1}' }
    const signed = on.me.device.wire.signed(body)
    await refused(exchange(on.server.url, { ...signed, body: '{"a":2}' }), 'InvalidSignatureException', says)
    await refused(
      exchange(on.server.url, { ...signed, target: datasetPath(on.me, 'x') }),
      'InvalidSignatureException',
      says,
    )
    const get = on.me.device.wire.signed({ target: target() })
    const withQuery = { ...get, target: `${target()}?lastSyncCount=0` }
    await refused(exchange(on.server.url, withQuery), 'InvalidSignatureException', says)
    const asDelete = { ...on.me.device.wire.signed({ target: datasetPath(on.me, 'signed') }), method: 'DELETE' }
    await refused(exchange(on.server.url, asDelete), 'InvalidSignatureException', says)
  })

  test.each(['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', '0'.repeat(64)])(
    '[A3] a declared body hash that is not the body’s: %s',
    async (hash) => {
      const headers = { ...JSON_TYPE, 'x-amz-content-sha256': hash }
      const answer = await on.me.device.wire.send({
        method: 'POST',
        target: datasetPath(on.me, 'signed'),
        headers,
        body: '{}',
      })
      expect(answer.status).toBe(403)
      expect(errorOf(answer).type).toMatch(/Signature/)
    },
  )

  test('[A5] a presigned query', async () => {
    const signed = on.me.device.wire.signed({ target: target() }).headers
    const query = new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': /Credential=([^,]+)/.exec(signed['authorization']!)![1]!,
      'X-Amz-Date': signed['x-amz-date']!,
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Security-Token': on.me.credentials.sessionToken,
      'X-Amz-Signature': /Signature=(\w+)/.exec(signed['authorization']!)![1]!,
    })
    const presigned = `${target()}?${query.toString()}`
    const alone = errorOf(await exchange(on.server.url, { target: presigned }))
    expect([alone.status, alone.type]).toEqual([403, expect.stringMatching(/^(Missing|Incomplete)/)])
    const withHeader = on.me.device.wire.send({ target: presigned })
    await refused(withHeader, 'IncompleteSignatureException', 'presigned requests are not served')
  })

  test('[K5] a session token with another key pair, or none', async () => {
    const other = await aGuest(on.server, on.pool)
    const send = (credentials: Parameters<typeof signRequest>[1]['credentials']) => {
      const host = new URL(on.server.url).host
      const headers = signRequest({ method: 'GET', host, target: target() }, { credentials })
      return exchange(on.server.url, { target: target(), headers })
    }
    const { accessKeyId, secretAccessKey, sessionToken } = on.me.credentials
    const says = 'The security token included in the request is invalid'
    const crossed = { accessKeyId, secretAccessKey, sessionToken: other.credentials.sessionToken }
    await refused(send(crossed), 'UnrecognizedClientException', says)
    await refused(send({ accessKeyId, secretAccessKey }), 'UnrecognizedClientException', says)
    await refused(send({ ...on.server.admin, sessionToken }), 'UnrecognizedClientException', says)
  })
})
