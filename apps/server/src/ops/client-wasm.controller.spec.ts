import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { request, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { ClientWasm } from './client-wasm.js'
import { ClientWasmController } from './client-wasm.controller.js'

const wasm = new ClientWasm()

@Module({ controllers: [ClientWasmController], providers: [{ provide: ClientWasm, useValue: wasm }] })
class WasmModule {}

let app: NestFastifyApplication
let port: number

beforeAll(async () => {
  app = await NestFactory.create<NestFastifyApplication>(WasmModule, new FastifyAdapter(), {
    logger: false,
    abortOnError: false,
  })
  await app.listen(0, '127.0.0.1')
  port = (app.getHttpServer().address() as AddressInfo).port
})
afterAll(() => app.close())

type Answer = Readonly<{ status: number | undefined; headers: IncomingHttpHeaders; body: Buffer }>

/** Without fetch, which would ask for compression by itself and undo it. */
const get = (query: string, headers: Record<string, string> = {}) =>
  new Promise<Answer>((resolve, reject) => {
    const path = `/sync/v1/sql-wasm-browser.wasm${query}`
    request({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
      buffer(answer).then((body) => resolve({ status: answer.statusCode, headers: answer.headers, body }), reject)
    })
      .on('error', reject)
      .end()
  })

test('[NF1] the server has the WebAssembly that clients in browsers ask for, as what it is', async () => {
  const answer = await get('')
  expect(answer.status).toBe(200)
  expect(answer.headers).toMatchObject({ 'content-type': 'application/wasm', 'x-content-type-options': 'nosniff' })
  expect(answer.body.subarray(0, 4)).toEqual(Buffer.from('\0asm'))
  expect(answer.body.equals(wasm.bytes)).toBe(true)
})

test('[NF1] asked for with its version it is kept for ever, without one it is asked for again, and another one is not there', async () => {
  expect((await get(`?v=${wasm.version}`)).headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect((await get('')).headers['cache-control']).toBe('no-cache')
  for (const query of ['?v=0.0.1', '?v=', `?v=${wasm.version}&v=${wasm.version}`]) {
    expect([query, (await get(query)).status]).toEqual([query, 404])
  }
  const again = await get('', { 'if-none-match': wasm.etag })
  expect([again.status, again.body.length]).toEqual([304, 0])
})

test('[NF1] it goes compressed to those who take it so, and is the same', async () => {
  const answer = await get('', { 'accept-encoding': 'br, gzip' })
  expect(answer.headers['content-encoding']).toBe('gzip')
  expect(answer.headers['vary']).toContain('Accept-Encoding')
  expect(answer.body.length).toBeLessThan(wasm.bytes.length / 1.8)
  expect(gunzipSync(answer.body).equals(wasm.bytes)).toBe(true)
})
