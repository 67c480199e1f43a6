import 'reflect-metadata'
import { AWS_LIMITS } from '@satchel/protocol'
import { bytesPerBodyMax } from './http-adapter.js'
import { EchoApp } from './testing/echo-app.js'

const app = EchoApp.aroundTests()
const { post, raw } = app

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
