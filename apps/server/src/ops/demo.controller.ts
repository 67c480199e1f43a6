import { Controller, Get, Inject, NotFoundException, Param, Res } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import type { FastifyReply } from 'fastify'
import { Unsigned } from '../access/signing-rule.js'
import { DemoPage, type DemoFile } from './demo-page.js'

/**
 * Nothing but the page's own files and this server's WebAssembly runs, is loaded or is talked to, and nobody may frame
 * it (SPEC O25).
 */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** What has a hashed name never changes; all else is asked for again, so that a new build is seen at once. */
const cacheControl = ({ immutable }: DemoFile): string =>
  immutable ? 'public, max-age=31536000, immutable' : 'no-cache'

/** The demo page; left out of the module when SATCHEL_DEMO is off, so that `/` is an unknown path like any other. */
@Controller()
export class DemoController {
  constructor(@Inject(DemoPage) private readonly page: DemoPage) {}

  @Unsigned()
  @RouteConfig({ operation: 'Demo' })
  @Get()
  index(@Res() reply: FastifyReply): void {
    send(reply, this.page.index())
  }

  @Unsigned()
  @RouteConfig({ operation: 'Demo' })
  @Get('demo/:file')
  file(@Param('file') name: string, @Res() reply: FastifyReply): void {
    const file = this.page.file(name)
    if (file === null) throw new NotFoundException()
    send(reply, file)
  }
}

function send(reply: FastifyReply, file: DemoFile): void {
  const own = { 'content-type': file.contentType, 'cache-control': cacheControl(file) }
  reply.code(200).headers(HEADERS).headers(own).send(file.body)
}
