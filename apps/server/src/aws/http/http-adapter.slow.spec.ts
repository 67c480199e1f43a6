import 'reflect-metadata'
import { EchoApp } from './testing/echo-app.js'
import { expectAwsError } from './testing/error-of.js'
import { exchange, readAnswer } from './testing/raw-http.js'

describe('slow and truncated requests', () => {
  const hasty = EchoApp.aroundTests({ patience: { headers: 200, request: 400, silence: 2_000, checkEvery: 20 } })

  test.each([
    ['headers that never end', 'POST /echo/a HTTP/1.1\r\nhost: a\r\n'],
    ['a body that never comes', 'POST /echo/a HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc'],
  ])('[H8] %s are answered with 408 and cut off', async (_what, text) => {
    const answer = await hasty.raw(text)
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
