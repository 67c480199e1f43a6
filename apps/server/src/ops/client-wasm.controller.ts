import { Controller, Get, Headers, Inject, NotFoundException, Query, Res } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import type { FastifyReply } from 'fastify'
import { Unsigned } from '../access/signing-rule.js'
import { ClientWasm } from './client-wasm.js'

const FOREVER = 'public, max-age=31536000, immutable'

/**
 * What a client in a browser needs besides its own script, so that apps configure no bundler (SPEC NF1). Asked for with
 * the version that the script goes with (`?v=`) it may be kept for ever; another version than is here would not run.
 */
@Controller('sync/v1')
export class ClientWasmController {
  constructor(@Inject(ClientWasm) private readonly wasm: ClientWasm) {}

  @Unsigned()
  @RouteConfig({ operation: 'ClientWasm' })
  @Get('sql-wasm-browser.wasm')
  async file(
    @Query('v') version: unknown,
    @Headers('accept-encoding') encodings: string | undefined,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { wasm } = this
    if (version !== undefined && version !== wasm.version) throw new NotFoundException()
    reply.headers({
      'content-type': 'application/wasm',
      'cache-control': version === undefined ? 'no-cache' : FOREVER,
      'x-content-type-options': 'nosniff',
      etag: wasm.etag,
      vary: 'Origin, Accept-Encoding',
    })
    if (known === wasm.etag) return void reply.code(304).send()
    if (!/\bgzip\b/.test(encodings ?? '')) return void reply.send(wasm.bytes)
    reply.header('content-encoding', 'gzip').send(await wasm.gzip())
  }
}
