import { Controller, Delete, Get, Module, Post, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { AWS_LIMITS } from '@satchel/protocol'
import type { FastifyRequest } from 'fastify'
import type { AddressInfo } from 'node:net'
import { TrustedProxies } from '../../../access/trusted-proxies.js'
import { createLog } from '../../../ops/log.js'
import { Refusal } from '../../../refusal.js'
import { SystemClock } from '../../../runtime/clock.js'
import { SeededRandom } from '../../../runtime/testing/seeded-random.js'
import { ErrorFilter } from '../error-filter.js'
import { createHttpAdapter, type HttpOptions } from '../http-adapter.js'
import type { RequestFacts } from '../../../ops/request-log.js'
import { observeAnswers } from '../observe-answers.js'
import { OriginRule } from '../origin-rule.js'
import { exchange, readAnswer, type RawAnswer } from './raw-http.js'

/** Answers how many bytes came, and throws on request. */
@Controller()
class EchoController {
  @Post('echo/:name')
  echo(@Req() request: FastifyRequest) {
    return {
      bytes: Buffer.isBuffer(request.body) ? request.body.length : -1,
      method: request.method,
      ...nameOf(request),
    }
  }

  @Delete('echo/:name')
  remove(@Req() request: FastifyRequest) {
    return { deleted: true, ...nameOf(request) }
  }

  @Get('echo/:name')
  read(@Req() request: FastifyRequest) {
    return nameOf(request)
  }

  @Post('defect')
  defect(): never {
    throw Object.assign(new Error("duplicate key: 'the user's own words'"), {
      name: 'QueryFailedError',
      parameters: ['the parameter'],
      query: 'INSERT INTO secret_table',
      driverError: { code: 'SQLITE_CONSTRAINT' },
    })
  }

  @Post('refused')
  refused(): never {
    throw new Refusal('TooManyRequests', 'later', { retryAfterSeconds: 3, cause: new Error('the queue is full') })
  }
}

const nameOf = ({ params }: FastifyRequest) => ({ name: (params as { name: string }).name })

@Module({ controllers: [EchoController] })
class EchoModule {}

/** The HTTP set-up around a controller that only echoes, listening on a free port of loopback. */
export class EchoApp {
  readonly logged: string[] = []
  readonly observed: RequestFacts[] = []
  port = 0
  private app!: NestFastifyApplication

  private constructor(private readonly options: Partial<HttpOptions>) {}

  /** Starts before the tests of the file or the block, and is closed after them. */
  static aroundTests(options: Partial<HttpOptions> = {}): EchoApp {
    const app = new EchoApp(options)
    beforeAll(() => app.listen())
    afterAll(() => app.close())
    return app
  }

  static async start(options: Partial<HttpOptions>): Promise<EchoApp> {
    const app = new EchoApp(options)
    await app.listen()
    return app
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  readonly post = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(this.url + path, { method: 'POST', ...init })

  /** Sends bytes over a connection of their own. */
  readonly raw = async (text: string | Buffer): Promise<RawAnswer> => readAnswer(await exchange(this.port, text))

  close(): Promise<void> {
    return this.app.close()
  }

  private async listen(): Promise<void> {
    const log = createLog('debug', { write: (line: string) => void this.logged.push(line) })
    const adapter = createHttpAdapter({
      limits: AWS_LIMITS,
      origins: new OriginRule({ allowed: null, listensOnLoopback: true, publicUrl: () => 'http://127.0.0.1' }),
      proxies: new TrustedProxies([]),
      clock: new SystemClock(),
      random: new SeededRandom(7),
      log,
      ...this.options,
    })
    observeAnswers(adapter.getInstance(), (facts) => this.observed.push(facts))
    this.app = await NestFactory.create<NestFastifyApplication>(EchoModule, adapter, {
      bodyParser: false,
      logger: false,
    })
    this.app.useGlobalFilters(new ErrorFilter(log))
    await this.app.listen(0, '127.0.0.1')
    this.port = (this.app.getHttpServer().address() as AddressInfo).port
  }
}
