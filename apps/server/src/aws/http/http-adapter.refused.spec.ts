import 'reflect-metadata'
import { AWS_LIMITS } from '@satchel/protocol'
import { bytesPerBodyMax } from './http-adapter.js'
import { EchoApp } from './testing/echo-app.js'
import { errorOf, expectAwsError } from './testing/error-of.js'

const app = EchoApp.aroundTests()
const { post, raw } = app

describe('requests that are not', () => {
  test.each([
    ['an unknown path', 'POST', '/nothing'],
    ['a known path with another method', 'PUT', '/echo/a'],
    ['a trailing slash', 'GET', '/echo/a/'],
    ['a double slash', 'GET', '//echo/a'],
    ['another case', 'GET', '/ECHO/a'],
  ])('[F5] %s is an unknown operation', async (_what, method, path) => {
    expect(await errorOf(await fetch(app.url + path, { method }))).toBe('404 UnknownOperationException')
  })

  test('[F5] HEAD is an unknown operation, without a body', async () => {
    const answer = await fetch(`${app.url}/echo/a`, { method: 'HEAD' })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('x-amzn-errortype')).toBe('UnknownOperationException')
    expect(await answer.text()).toBe('')
  })

  test.each(['/echo/%zz', '/echo/%3', '/echo/%ff'])('[H11] %s is no validly encoded path', async (path) => {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
    expect(answer.status).toBe(400)
    expect(expectAwsError(answer)).toBe('InvalidParameterException')
  })

  test('[H11] a part of a path that is too long is refused in AWS form', async () => {
    expect(await errorOf(await fetch(`${app.url}/echo/${'a'.repeat(1_025)}`))).toBe('400 InvalidParameterException')
  })

  test('[H1] a malformed Content-Type is refused in AWS form', async () => {
    const answer = await post('/echo/a', { body: '{}', headers: { 'content-type': 'text' } })
    expect(await errorOf(answer)).toBe('400 SerializationException')
  })

  test.each(['gzip', 'br', 'aws-chunked', 'identity, gzip', 'GZIP'])(
    '[H9] Content-Encoding %s is refused',
    async (encoding) => {
      const answer = await post('/echo/a', { body: 'x', headers: { 'content-encoding': encoding } })
      expect(await errorOf(answer)).toBe('400 SerializationException')
    },
  )

  test('[H14] a page whose own name was made to mean this machine is refused; a program with any host is not', async () => {
    const request = (headers: string) =>
      raw(`POST /echo/a HTTP/1.1\r\n${headers}content-length: 0\r\nconnection: close\r\n\r\n`)
    const led = await request('host: app.test:80\r\norigin: http://app.test:80\r\n')
    expect(led.status).toBe(403)
    expect(expectAwsError(led)).toBe('NotAuthorizedException')
    expect((await request('host: app.test:80\r\n')).status).toBe(201)
    expect((await request('host: localhost:80\r\norigin: http://localhost:5173\r\n')).status).toBe(201)
  })

  test('[H10] a GET with a body is refused', async () => {
    const answer = await raw('GET /echo/a HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}')
    expect(answer.status).toBe(400)
    expect(expectAwsError(answer)).toBe('InvalidParameterException')
  })

  test('[H7] one byte more than a full update is refused, announced or not, and the answer is readable', async () => {
    const body = Buffer.alloc(bytesPerBodyMax(AWS_LIMITS) + 1)
    expect(await errorOf(await post('/echo/a', { body }))).toBe('413 RequestEntityTooLargeException')
    const chunks = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < body.length; sent += 65_536) controller.enqueue(body.subarray(sent, sent + 65_536))
        controller.close()
      },
    })
    const streamed = await post('/echo/a', { body: chunks, duplex: 'half' } as RequestInit)
    expect(await errorOf(streamed)).toBe('413 RequestEntityTooLargeException')
    expect((await post('/echo/a')).status).toBe(201)
  })

  test('[H7] the root path, where anybody may send, takes a megabyte', async () => {
    const send = (bytes: number) =>
      post('/', { body: Buffer.alloc(bytes), headers: { 'x-amz-target': 'AWSCognitoIdentityService.GetId' } })
    expect((await send(1_048_576)).status).toBe(400)
    const refused = await send(1_048_577)
    expect(refused.headers.get('x-amzn-errortype')).toBe('RequestEntityTooLargeException:')
  })

  test('[H7] a body that would be endless is cut off', async () => {
    const answer = await raw('POST /echo/a HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n')
    expect(answer.status).toBe(413)
    expect(expectAwsError(answer)).toBe('RequestEntityTooLargeException')
  })

  test('[H7] bodies on their way are bounded together, and the bound is given back', async () => {
    const small = await EchoApp.start({ bytesUnderwayMax: 100_000 })
    try {
      const send = (bytes: number) => fetch(`${small.url}/echo/a`, { method: 'POST', body: Buffer.alloc(bytes) })
      const refused = await send(200_000)
      expect(refused.status).toBe(429)
      expect(refused.headers.get('retry-after')).toBe('1')
      for (let again = 0; again < 5; again++) expect((await send(60_000)).status).toBe(201)
    } finally {
      await small.close()
    }
  })
})
