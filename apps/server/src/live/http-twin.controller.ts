import { Controller, Header, HttpCode, Inject, Post, Req, Res } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import {
  HTTP_TWIN_PATH,
  parseWatchRequest,
  PROTOCOL_VERSION,
  type Hello,
  type SyncAnswer,
  type WatchAnswer,
  type WireAnswer,
} from '@satchel/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { CurrentBearer, type Bearer } from '../access/bearer.js'
import { BearerOnly } from '../access/signing-rule.js'
import { parseJson } from '../aws/http/parse-json.js'
import { refuse } from '../refusal.js'
import { HttpWatches } from './http-watches.js'
import { LiveOperations } from './live-operations.js'
import { accepted } from './wire-errors.js'

const VERSION = ['satchel-protocol', String(PROTOCOL_VERSION)] as const

/** The messages of the native face over HTTP, for networks that let no WebSocket through (NB15). */
@Controller(HTTP_TWIN_PATH)
export class HttpTwinController {
  constructor(
    @Inject(LiveOperations) private readonly operations: LiveOperations,
    @Inject(HttpWatches) private readonly watches: HttpWatches,
  ) {}

  @BearerOnly()
  @RouteConfig({ operation: 'Hello' })
  @Post('hello')
  @HttpCode(200)
  @Header(...VERSION)
  hello(@CurrentBearer() bearer: Bearer, @Req() request: FastifyRequest): WireAnswer<Hello> {
    if (Object.keys(jsonOf(request) ?? {}).length > 0) refuse('InvalidParameter', 'a hello has no members')
    return answered(this.operations.hello(bearer))
  }

  @BearerOnly()
  @RouteConfig({ operation: 'Sync' })
  @Post('sync')
  @HttpCode(200)
  @Header(...VERSION)
  async sync(@CurrentBearer() bearer: Bearer, @Req() request: FastifyRequest): Promise<WireAnswer<SyncAnswer>> {
    return answered(await this.operations.sync(bearer, jsonOf(request)))
  }

  @BearerOnly()
  @RouteConfig({ operation: 'Watch' })
  @Post('watch')
  @HttpCode(200)
  @Header(...VERSION)
  async watch(
    @CurrentBearer() bearer: Bearer,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WireAnswer<WatchAnswer>> {
    const asked = accepted(parseWatchRequest(jsonOf(request)))
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    if (reply.raw.destroyed) gone.abort()
    return answered({ changed: await this.watches.watch(bearer, asked, gone.signal) })
  }
}

const answered = <Answer>(answer: Answer): WireAnswer<Answer> => ({ ok: true, answer })

/** The guard has run before, so a stranger's body is never parsed. */
const jsonOf = ({ body }: FastifyRequest): unknown => parseJson(Buffer.isBuffer(body) ? body : Buffer.alloc(0))
