import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { AWS_LIMITS } from '@satchel/protocol'
import { pino } from 'pino'
import { SignedGuard } from '../access/signed.guard.js'
import { TrustedProxies } from '../access/trusted-proxies.js'
import type { CallerVerifier } from '../access/verify-caller.js'
import { ISSUER, PLACE } from '../identity/testing/an-identity-side.js'
import { AnIdentityFace } from './cognito-identity/testing/an-identity-face.js'
import { ErrorFilter } from './http/error-filter.js'
import { createHttpAdapter } from './http/http-adapter.js'
import { OriginRule } from './http/origin-rule.js'
import { RootModule } from './root.module.js'

let face: AnIdentityFace
let app: NestFastifyApplication
let url: string

beforeEach(async () => {
  face = new AnIdentityFace()
  const { clock, random, service } = face
  const verifier = face.verifier as unknown as CallerVerifier

  @Module({
    imports: [RootModule.over({ service, verifier, place: PLACE })],
    providers: [{ provide: APP_GUARD, useValue: new SignedGuard(verifier) }],
  })
  class App {}

  const log = pino({ level: 'silent' })
  const origins = new OriginRule({ allowed: null, listensOnLoopback: true, publicUrl: () => ISSUER })
  const proxies = new TrustedProxies([])
  const adapter = createHttpAdapter({ limits: AWS_LIMITS, origins, proxies, clock, random, log })
  app = await NestFactory.create<NestFastifyApplication>(App, adapter, {
    bodyParser: false,
    logger: false,
    abortOnError: false,
  })
  app.useGlobalFilters(new ErrorFilter(log))
  await app.listen(0, '127.0.0.1')
  url = await app.getUrl()
})
afterEach(() => app.close())

/** Sent as bytes, so that no content type is added. */
const post = (body: string, headers: Record<string, string>) =>
  fetch(url, { method: 'POST', body: Buffer.from(body), headers })
const target = (operation: string) => ({ 'x-amz-target': `AWSCognitoIdentityService.${operation}` })
const typeOf = async (answer: Response) => ((await answer.json()) as { __type: string }).__type
const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }

test.each(['application/x-amz-json-1.1', 'application/x-amz-json-1.0', 'application/json; charset=UTF-8'])(
  '[I32] identity pools answer to %s',
  async (type) => {
    const { pool } = await face.aPool()
    const answer = await post(JSON.stringify({ IdentityPoolId: pool }), { ...target('GetId'), 'content-type': type })
    expect(answer.status).toBe(200)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/x-amz-json-1.1',
      'cache-control': 'no-store',
      'x-amzn-requestid': expect.any(String),
    })
    expect(await answer.json()).toEqual({ IdentityId: expect.any(String) })
  },
)

test('[I32] refusals of identity pools are 400, with type and text in header and body', async () => {
  const answer = await post('{}', { ...target('GetId'), 'content-type': 'application/x-amz-json-1.1' })
  expect(answer.status).toBe(400)
  expect(answer.headers.get('x-amzn-errortype')).toBe('ValidationException:')
  expect(await answer.json()).toMatchObject({ __type: 'ValidationException', message: expect.any(String) })
})

test('[I32] what says that it is no JSON is not read as JSON', async () => {
  for (const type of ['text/plain', FORM['content-type'], 'multipart/form-data; boundary=x']) {
    const answer = await post('{}', { ...target('GetId'), 'content-type': type })
    expect([answer.status, await typeOf(answer)]).toEqual([400, 'SerializationException'])
  }
})

test('[Q6] forms are STS, answered in XML, refusals too', async () => {
  const answer = await post('Action=GetCallerIdentity&Version=2011-06-15', FORM)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toMatch(/^text\/xml/)
  expect(await answer.text()).toContain(`<RequestId>${answer.headers.get('x-amzn-requestid')}</RequestId>`)
  const refused = await post('Action=AssumeRole&Version=2011-06-15', FORM)
  expect(refused.status).toBe(400)
  expect(await refused.text()).toContain('<Code>InvalidAction</Code>')
})

test('[I29] a post to the root that is neither is an unknown operation', async () => {
  const answer = await post('{}', { 'content-type': 'application/json' })
  expect(await typeOf(answer)).toBe('UnknownOperationException')
})

test('[J10] keys and discovery are there for everybody, as JSON', async () => {
  face.verifier.caller = null
  const discovery = await fetch(`${url}/.well-known/openid-configuration`)
  expect(discovery.headers.get('content-type')).toMatch(/^application\/json/)
  expect(await discovery.json()).toMatchObject({ issuer: ISSUER, jwks_uri: `${ISSUER}/.well-known/jwks_uri` })
  const keys = await fetch(`${url}/.well-known/jwks_uri`)
  expect(await keys.json()).toEqual({ keys: [expect.objectContaining({ kty: 'RSA', alg: 'RS512' })] })
  expect(keys.headers.get('cache-control')).toBe('public, max-age=120') // [KR11]
})
