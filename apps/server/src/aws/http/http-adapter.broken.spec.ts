import 'reflect-metadata'
import { EchoApp } from './testing/echo-app.js'
import { expectAwsError } from './testing/error-of.js'
import { exchange } from './testing/raw-http.js'

const app = EchoApp.aroundTests()
const { raw } = app

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
