import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import type { FastifyRequest } from 'fastify'
import { Unsigned } from '../access/signing-rule.js'
import { DemoLogin, parseDemoSignIn } from './demo-login.js'

/** Signs users of the demo page in; left out of the module when SATCHEL_DEMO is off. */
@Controller('demo/sign-in')
export class DemoLoginController {
  constructor(@Inject(DemoLogin) private readonly login: DemoLogin) {}

  @Unsigned()
  @RouteConfig({ operation: 'Demo' })
  @Post()
  @HttpCode(200)
  signIn(@Req() { body }: FastifyRequest) {
    return this.login.signIn(parseDemoSignIn(Buffer.isBuffer(body) ? body : Buffer.alloc(0)))
  }
}
