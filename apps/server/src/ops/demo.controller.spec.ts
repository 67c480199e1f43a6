import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HeldClock } from '../runtime/testing/held-clock.js'
import { DemoController } from './demo.controller.js'
import { DemoPage } from './demo-page.js'
import { Health } from './health.js'
import { Metrics } from './metrics.js'
import { OpsController } from './ops.controller.js'
import { OpsPages } from './ops-pages.js'

const FACTS = { endpoint: 'http://127.0.0.1:4680', region: 'us-east-1', pool: 'us-east-1:0d4f' }

const clock = new HeldClock()
const health = new Health({
  probe: () => Promise.resolve(),
  queue: () => ({ depth: 0, bytes: 0 }),
  bounds: { writesMax: 1, bytesMax: 1 },
  clock,
})

@Module({
  controllers: [DemoController, OpsController],
  providers: [
    { provide: DemoPage, useFactory: () => new DemoPage(() => FACTS) },
    { provide: OpsPages, useFactory: () => new OpsPages({ health, metrics: new Metrics(clock) }) },
  ],
})
class PagesModule {}

let app: NestFastifyApplication
let port: number

beforeAll(async () => {
  app = await NestFactory.create<NestFastifyApplication>(PagesModule, new FastifyAdapter(), {
    logger: false,
    abortOnError: false,
  })
  await app.listen(0, '127.0.0.1')
  port = (app.getHttpServer().address() as AddressInfo).port
})
afterAll(() => app.close())

/** Without fetch, which would tidy the path up. */
const get = (path: string) =>
  new Promise<{ statusCode: number | undefined; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => (body += part))
      answer.on('end', () => resolve({ statusCode: answer.statusCode, headers: answer.headers, body }))
    })
      .on('error', reject)
      .end()
  })

test('[O25] the page is served at / and may run, load and call nothing but its own', async () => {
  const answer = await get('/')
  expect(answer.statusCode).toBe(200)
  expect(answer.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"),
  })
  expect(answer.headers['content-security-policy']).not.toMatch(/'unsafe-/)
  expect(answer.body).not.toMatch(/ style=| on[a-z]+=|<script(?![^>]* src=)|<style/)
})

test('[O25] [NF2] everything the page is made of is served, as what it is, and kept for ever where its name tells of its content', async () => {
  const page = await get('/')
  expect(page.headers['cache-control']).toBe('no-cache')
  const referred = [...page.body.matchAll(/(?:href|src)="(\/demo\/[^"]+)"/g)].map(([, path]) => path ?? '')
  expect(referred).toEqual(expect.arrayContaining([expect.stringMatching(/^\/demo\/demo-\w{8}\.js$/)]))
  const built = readdirSync(new URL('../../../demo/dist/', import.meta.url)).filter((name) => name !== 'index.html')
  for (const path of new Set([...referred, ...built.map((name) => `/demo/${name}`)])) {
    const answer = await get(path)
    expect([path, answer.statusCode]).toEqual([path, 200])
    expect(answer.headers['content-type']).toMatch(/^(text\/(css|javascript); charset=utf-8|image\/svg\+xml)$/)
    const stays = path !== '/demo/satchel-client.js'
    expect([path, answer.headers['cache-control']]).toEqual([
      path,
      stays ? 'public, max-age=31536000, immutable' : 'no-cache',
    ])
  }
})

test('[O25] the page learns of this server from a file of its own', async () => {
  const answer = await get('/demo/settings.json')
  expect(JSON.parse(answer.body)).toMatchObject({
    ...FACTS,
    snippets: [{ id: 'satchel' }, { id: 'cognito-js' }, { id: 'sdk-v3' }, { id: 'boto3' }],
  })
})

test.each([
  'package.json',
  'demo.ts',
  '..%2Fsrc%2Fdemo.ts',
  '..%2Fserver%2Fpackage.json',
  '%2e%2e',
  '__proto__',
  'constructor',
  'index.html%00.js',
])('[O25] /demo/%s is not served', async (name) => {
  expect((await get(`/demo/${name}`)).statusCode).toBe(404)
})

test('[O24] health and metrics are on the main port too', async () => {
  expect(JSON.parse((await get('/health/live')).body)).toEqual({ live: true })
  expect(JSON.parse((await get('/health/ready')).body)).toMatchObject({ ready: true })
  expect((await get('/metrics')).body).toContain('satchel_requests_total')
  health.drain()
  expect((await get('/health/ready')).statusCode).toBe(503)
})
