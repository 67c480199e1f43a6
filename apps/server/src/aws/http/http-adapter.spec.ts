import 'reflect-metadata'
import { AWS_LIMITS } from '@satchel/protocol'
import { bytesPerBodyMax } from './http-adapter.js'
import { EchoApp } from './testing/echo-app.js'
import { exchange, readAnswer } from './testing/raw-http.js'

let app: EchoApp
beforeAll(async () => {
  app = await EchoApp.start()
})
afterAll(() => app.close())

const post = (path: string, init: RequestInit = {}) => fetch(app.url + path, { method: 'POST', ...init })
const raw = async (text: string | Buffer) => readAnswer(await exchange(app.port, text))

/** Every error of the sync face, whoever found the fault. */
function expectAwsError(answer: {
  status: number
  headers: { get(name: string): string | null | undefined }
  body: string
}) {
  const body = JSON.parse(answer.body) as { __type: string; message: string }
  expect(body.__type).toBe(answer.headers.get('x-amzn-errortype'))
  expect(typeof body.message).toBe('string')
  expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/)
  expect(Date.parse(answer.headers.get('date') ?? '')).not.toBeNaN()
  return body.__type
}

async function errorOf(response: Response) {
  const type = expectAwsError({ status: response.status, headers: response.headers, body: await response.text() })
  return `${response.status} ${type}`
}

describe('requests that are fine', () => {
  test.each([
    'application/json',
    'application/x-amz-json-1.1',
    'application/x-amz-json-1.0',
    'text/plain',
    'application/x-www-form-urlencoded',
    'no/such-type; charset=x',
  ])('[H1] a body of type %s arrives as its bytes', async (type) => {
    const answer = await post('/echo/a', { body: 'x=\u00e9', headers: { 'content-type': type } })
    expect(await answer.json()).toEqual({ bytes: 4, method: 'POST', name: 'a' })
  })

  test('[H2] no type and no body at all are fine, with every type announced', async () => {
    expect((await raw('POST /echo/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).status).toBe(201)
    const typed =
      'POST /echo/a HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'
    expect(JSON.parse((await raw(typed)).body)).toMatchObject({ bytes: 0 })
    const untyped = 'POST /echo/a HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}'
    expect(JSON.parse((await raw(untyped)).body)).toMatchObject({ bytes: 2 })
  })

  test('[H1] chunked bodies are joined', async () => {
    const chunked =
      'POST /echo/a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'
    expect(JSON.parse((await raw(chunked)).body)).toMatchObject({ bytes: 5 })
  })

  test('[F4] every answer names its request', async () => {
    const [a, b] = [await post('/echo/a'), await post('/echo/a')]
    expect(a.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/)
    expect(a.headers.get('x-amzn-requestid')).not.toBe(b.headers.get('x-amzn-requestid'))
  })

  test('[H11] a part of a path may be 1,024 characters long, percent-encoded', async () => {
    const answer = await fetch(`${app.url}/echo/${'%3A'.repeat(1_024)}`)
    expect(await answer.json()).toEqual({ name: ':'.repeat(1_024) })
  })

  test('[F8] a POST that stands for a DELETE is one; nothing else can be overridden', async () => {
    const override = (method: string) => ({ headers: { 'x-http-method-override': method } })
    expect(await (await post('/echo/a', { body: '{}', ...override('DELETE') })).json()).toEqual({
      deleted: true,
      name: 'a',
    })
    expect(await (await post('/echo/a', override('GET'))).json()).toMatchObject({ method: 'POST' })
    expect(await (await post('/echo/a', override('delete'))).json()).toMatchObject({ method: 'POST' })
    expect(await (await fetch(`${app.url}/echo/a`, override('DELETE'))).json()).toEqual({ name: 'a' })
  })

  test('[H7] a body as large as a full update in its longest spelling passes', async () => {
    const bytes = bytesPerBodyMax(AWS_LIMITS)
    expect(bytes).toBeGreaterThan(6 * 1_048_576)
    expect(await (await post('/echo/a', { body: Buffer.alloc(bytes) })).json()).toMatchObject({ bytes })
  })
})

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

describe('what is not HTTP', () => {
  test.each([
    ['garbage', 'hello\r\n\r\n'],
    ['a lone line feed in the head', 'GET /echo/a HTTP/1.1\nhost: a\r\r\n\r\n'],
    [
      'Content-Length beside Transfer-Encoding',
      'POST /echo/a HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two Content-Lengths', 'POST /echo/a HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd'],
    ['a negative Content-Length', 'POST /echo/a HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n'],
    ['a folded header', 'GET /echo/a HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n'],
    ['a control character in a header', 'GET /echo/a HTTP/1.1\r\nhost: a\r\nx: \u0001\r\n\r\n'],
    ['a bad chunk size', 'POST /echo/a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    ['another protocol', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
  ])('[H8] %s is answered in AWS form and cut off', async (_what, text) => {
    const answer = await raw(text)
    expect(answer.status).toBe(400)
    expect(expectAwsError(answer)).toBe('SerializationException')
    expect(answer.headers.get('connection')).toBe('close')
  })

  test('[H8] headers beyond 16 KiB are refused', async () => {
    const answer = await raw(`GET /echo/a HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(65_536)}\r\n\r\n`)
    expect(answer.status).toBe(413)
    expect(expectAwsError(answer)).toBe('RequestEntityTooLargeException')
  })

  test('[H8] CONNECT, an unknown expectation and an absolute target harm nobody', async () => {
    expect(await exchange(app.port, 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n')).not.toMatch(/ 200 /)
    const expecting = await raw('POST /echo/a HTTP/1.1\r\nhost: a\r\nexpect: a-miracle\r\ncontent-length: 0\r\n\r\n')
    expect([expecting.status, expectAwsError(expecting)]).toEqual([400, 'SerializationException'])
    const absolute = await raw('GET http://evil.example/echo/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
    expect(JSON.parse(absolute.body)).toEqual({ name: 'a' }) // RFC 9112 wants it read; its host decides nothing
  })

  test('[H8] garbage behind a whole request never becomes the answer to it', async () => {
    const text = await exchange(
      app.port,
      'POST /echo/a HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\nGARBAGE\r\n\r\n',
    )
    expect(text === '' || text.startsWith('HTTP/1.1 201')).toBe(true)
  })
})

describe('slow and truncated requests', () => {
  let hasty: EchoApp
  beforeAll(async () => {
    hasty = await EchoApp.start({ patience: { headers: 200, request: 400, silence: 2_000, checkEvery: 20 } })
  })
  afterAll(() => hasty.close())

  test.each([
    ['headers that never end', 'POST /echo/a HTTP/1.1\r\nhost: a\r\n'],
    ['a body that never comes', 'POST /echo/a HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc'],
  ])('[H8] %s are answered with 408 and cut off', async (_what, text) => {
    const answer = readAnswer(await exchange(hasty.port, text))
    expect(answer.status).toBe(408)
    expect(expectAwsError(answer)).toBe('RequestTimeoutException')
  })

  test('[H8] one byte at a time does not keep a connection open', async () => {
    const answer = await exchange(hasty.port, (socket) => {
      socket.write('POST /echo/a HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n')
      const drip = setInterval(() => socket.write('x'), 20)
      socket.on('close', () => clearInterval(drip))
    })
    expect(readAnswer(answer).status).toBe(408)
  })

  test('[H8] a silent connection is closed', async () => {
    const text = await exchange(hasty.port, () => undefined)
    expect(text === '' || readAnswer(text).status === 408).toBe(true)
  })

  test('[H8] a body cut short reaches no handler', async () => {
    const before = hasty.observed.length
    const answer = await exchange(hasty.port, (socket) => {
      socket.end('POST /echo/a HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc')
    })
    expect(answer === '' || readAnswer(answer).status === 400).toBe(true)
    expect(hasty.observed.slice(before).some(({ status }) => status === 201)).toBe(false)
  })
})

describe('errors of our own', () => {
  test('[F5] a defect tells nothing to the caller and no values to the log', async () => {
    const answer = await post('/defect', { body: 'the request body' })
    const text = await answer.text()
    expect(answer.status).toBe(500)
    expect(JSON.parse(text)).toEqual({ __type: 'InternalErrorException', message: 'An internal error occurred.' })
    const line = app.logged.find((each) => each.includes('a request met a defect')) ?? ''
    expect(line).toContain(answer.headers.get('x-amzn-requestid'))
    expect(line).toContain('SQLITE_CONSTRAINT')
    expect(line).toContain('echo-app')
    for (const secret of ['own words', 'the parameter', 'secret_table', 'the request body']) {
      expect(app.logged.join('')).not.toContain(secret)
    }
  })

  test('[F7] a refusal that says when to come back says so in Retry-After; its cause is for the log', async () => {
    const answer = await post('/refused')
    expect(answer.headers.get('retry-after')).toBe('3')
    expect(await errorOf(answer)).toBe('429 TooManyRequestsException')
    expect(app.logged.at(-1)).toContain('the queue is full')
  })

  test('[F5] what was answered is told to whoever observes, with its code', async () => {
    app.observed.length = 0
    await post('/refused')
    await post('/echo/a')
    expect(app.observed).toMatchObject([
      { status: 429, code: 'TooManyRequests', method: 'POST' },
      { status: 201, code: 'OK', method: 'POST' },
    ])
  })
})

describe('pages in browsers', () => {
  const origin = 'http://localhost:5173'

  test('[F6] every path answers a preflight', async () => {
    for (const path of ['/echo/a', '/nothing', '/']) {
      const answer = await fetch(app.url + path, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'DELETE',
          'access-control-request-headers': 'authorization',
        },
      })
      expect(answer.status).toBe(204)
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
      expect(answer.headers.get('access-control-allow-methods')).toBe('GET,POST,DELETE')
      const allowed = answer.headers.get('access-control-allow-headers') ?? ''
      for (const name of ['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-target', 'amz-sdk-request']) {
        expect(allowed.split(',')).toContain(name)
      }
    }
  })

  test.each(['/echo/a', '/nothing', '/defect', '/echo/%zz'])(
    '[F6] the answer of %s can be read by an allowed page',
    async (path) => {
      const answer = await post(path, { headers: { origin } })
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
      expect(answer.headers.get('vary')).toBe('Origin')
      const exposed = answer.headers.get('access-control-expose-headers') ?? ''
      for (const name of ['x-amzn-ErrorType', 'x-amzn-RequestId', 'Date']) expect(exposed.split(',')).toContain(name)
    },
  )

  test('[F6] other pages get no permission', async () => {
    const answer = await post('/echo/a', { headers: { origin: 'https://evil.example' } })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    const preflight = await fetch(`${app.url}/echo/a`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example' },
    })
    expect(preflight.headers.get('access-control-allow-headers')).toBeNull()
  })
})
