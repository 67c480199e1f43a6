import 'reflect-metadata'
import { request as send, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Catch, Controller, Delete, Get, Module, Post, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common'
import { APP_FILTER, APP_GUARD, NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import type { FastifyReply } from 'fastify'
import { Refusal } from '../refusal.js'
import type { Caller } from './caller.js'
import { SignedGuard } from './signed.guard.js'
import { CurrentCaller, SignedFor, Unsigned, VerifiedInside } from './signing-rule.js'
import { AnAccess } from './testing/an-access.js'
import { handSigned, type Draft } from './testing/hand-signed.js'
import { CallerVerifier } from './verify-caller.js'

@Controller()
class ProbeController {
  @Get('signed/:name')
  @SignedFor('cognito-sync')
  read(@CurrentCaller() caller: Caller): string {
    return `read by ${caller.accessKeyId}`
  }

  @Post('signed/:name')
  @SignedFor('cognito-sync')
  write(@CurrentCaller() caller: Caller): string {
    return `written by ${caller.accessKeyId}`
  }

  @Delete('signed/:name')
  @SignedFor('cognito-sync')
  remove(@CurrentCaller() caller: Caller): string {
    return `deleted by ${caller.accessKeyId}`
  }

  @Get('unsigned')
  @Unsigned()
  everybody(): string {
    return 'open'
  }

  @Post('inside')
  @VerifiedInside()
  inside(): string {
    return 'asked inside'
  }

  @Get('unsigned-but-asks')
  @Unsigned()
  asks(@CurrentCaller() caller: Caller): string {
    return caller.kind
  }

  @Get('forgotten')
  forgotten(): string {
    return 'open by mistake'
  }
}

/** A rule on the class opens nothing. */
@Unsigned()
@Controller('careless')
class CarelessController {
  @Get()
  forgotten(): string {
    return 'open by mistake'
  }
}

@Catch()
class RefusalFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    void reply.status(thrown instanceof Refusal ? 403 : 500).send(thrown instanceof Refusal ? thrown.code : 'defect')
  }
}

const access = new AnAccess()
const credentials = access.issue()

@Module({
  controllers: [ProbeController, CarelessController],
  providers: [
    { provide: CallerVerifier, useValue: access.verifier },
    {
      provide: APP_GUARD,
      useFactory: (verifier: CallerVerifier) => new SignedGuard(verifier),
      inject: [CallerVerifier],
    },
    { provide: APP_FILTER, useClass: RefusalFilter },
  ],
})
class ProbeModule {}

let app: NestFastifyApplication
let port: number

beforeAll(async () => {
  const adapter = new FastifyAdapter({
    rewriteUrl: (raw: IncomingMessage) => {
      const override = raw.headers['x-http-method-override']
      if (raw.method === 'POST' && override === 'DELETE') raw.method = 'DELETE'
      return (raw.url ?? '/').replace('/old/', '/signed/')
    },
  })
  adapter.getInstance().removeAllContentTypeParsers()
  adapter.getInstance().addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
  app = await NestFactory.create<NestFastifyApplication>(ProbeModule, adapter, { bodyParser: false, logger: false })
  await app.listen(0, '127.0.0.1')
  port = (app.getHttpServer().address() as AddressInfo).port
})

afterAll(() => app.close())

/** Signs a draft for this server, sends it, and answers status and text. */
async function answered(draft: Draft, change: Readonly<{ method?: string; headers?: Record<string, string> }> = {}) {
  const signed = handSigned({ credentials, ...draft, headers: { host: `127.0.0.1:${port}`, ...draft.headers } })
  return new Promise<string>((resolve, reject) => {
    const headers = [...signed.rawHeaders, ...Object.entries(change.headers ?? {}).flat()]
    const length = signed.body.length > 0 ? ['content-length', String(signed.body.length)] : []
    const options = {
      port,
      host: '127.0.0.1',
      method: change.method ?? signed.method,
      path: signed.target,
      agent: false,
    }
    const out = send({ ...options, headers: [...headers, ...length] }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      answer.on('end', () => resolve(`${answer.statusCode} ${text}`))
    })
    out.on('error', reject).end(signed.body)
  })
}

const unsigned = { authorization: () => null }

test('[A11] a signed handler gets the caller of a signed request', async () => {
  expect(await answered({ path: '/signed/a' })).toBe(`200 read by ${credentials.accessKeyId}`)
  expect(await answered({ path: '/signed/a', ...unsigned })).toBe('403 MissingAuthenticationToken')
  expect(await answered({ path: '/signed/a', service: 'sts' })).toBe('403 InvalidSignature')
})

test('[A11] a handler that says nothing about signatures is closed to everybody', async () => {
  expect(await answered({ path: '/forgotten' })).toBe('403 NotAuthorized')
  expect(await answered({ path: '/forgotten', ...unsigned })).toBe('403 NotAuthorized')
  expect(await answered({ path: '/careless', ...unsigned })).toBe('403 NotAuthorized')
})

test('[A11] an unsigned handler is open, and looks at no credentials, however wrong they are', async () => {
  expect(await answered({ path: '/unsigned', ...unsigned })).toBe('200 open')
  expect(await answered({ path: '/unsigned', authorization: () => 'nonsense' })).toBe('200 open')
  expect(await answered({ path: '/unsigned-but-asks' })).toBe('500 defect')
})

test('[A11] a handler that verifies inside is reached', async () => {
  expect(await answered({ path: '/inside', method: 'POST', ...unsigned })).toBe('201 asked inside')
})

test.each([
  '/signed/a%3Ab',
  '/signed/a:b',
  '/signed/a%2Fb',
  '/signed/%C3%A9?x=%3a&y',
  '/signed/a?',
  '/old/a%3Ab?b=1&a=2',
])('[A4] the target %s is judged as it was sent', async (target) => {
  const [path = '', sentQuery = ''] = target.split('?')
  const query = { 'x=%3a&y': 'x=%3A&y=', 'b=1&a=2': 'a=2&b=1' }[sentQuery] ?? ''
  expect(await answered({ path, query, sentQuery })).toBe(`200 read by ${credentials.accessKeyId}`)
})

test('[A2] the body is judged as it was sent', async () => {
  const body = Buffer.from('{ "a" : 1 }\n')
  const headers = { 'content-type': 'application/x-amz-json-1.1' }
  expect(await answered({ path: '/signed/a', method: 'POST', body, headers })).toMatch(/^201 written/)
  expect(await answered({ path: '/signed/a', method: 'POST', body, headers, bodyHash: 'x' })).toBe(
    '403 InvalidSignature',
  )
})

test('[A2] a DELETE sent as POST with the override header, which is not signed, is a DELETE', async () => {
  const body = Buffer.from('{}')
  const override = { method: 'POST', headers: { 'X-HTTP-Method-Override': 'DELETE' } }
  expect(await answered({ path: '/signed/a', method: 'DELETE', body }, override)).toMatch(/^200 deleted/)
})

test('[A2] the override header makes no DELETE of a request that was signed as POST', async () => {
  const override = { headers: { 'X-HTTP-Method-Override': 'DELETE' } }
  expect(await answered({ path: '/signed/a', method: 'POST', body: Buffer.from('{}') }, override)).toBe(
    '403 InvalidSignature',
  )
  expect(await answered({ path: '/signed/a', method: 'DELETE', body: Buffer.from('{}') }, { method: 'POST' })).toBe(
    '403 InvalidSignature',
  )
})
