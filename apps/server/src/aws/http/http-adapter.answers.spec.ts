import 'reflect-metadata'
import { EchoApp } from './testing/echo-app.js'
import { errorOf } from './testing/error-of.js'

const app = EchoApp.aroundTests()
const { post } = app

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
