import { Controller, Get, Inject, Res } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import type { FastifyReply } from 'fastify'
import { Unsigned } from '../access/signing-rule.js'
import { OpsPages, type OpsPage } from './ops-pages.js'

/** Health and metrics on the main port; left out of the module when SATCHEL_ADMIN_PORT is set (SPEC O24). */
@Controller()
export class OpsController {
  constructor(@Inject(OpsPages) private readonly pages: OpsPages) {}

  @Unsigned()
  @RouteConfig({ operation: 'Health' })
  @Get('health/live')
  live(@Res() reply: FastifyReply): void {
    send(reply, this.pages.live())
  }

  @Unsigned()
  @RouteConfig({ operation: 'Health' })
  @Get('health/ready')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const page = await this.pages.ready()
    if (page.status >= 500) reply.request.refusedWith = 'ServiceUnavailable'
    send(reply, page)
  }

  @Unsigned()
  @RouteConfig({ operation: 'Metrics' })
  @Get('metrics')
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    send(reply, await this.pages.metrics())
  }
}

function send(reply: FastifyReply, { status, contentType, body }: OpsPage): void {
  reply.code(status).header('content-type', contentType).header('cache-control', 'no-store').send(body)
}
