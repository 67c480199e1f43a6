import 'reflect-metadata'
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'

/**
 * What Nest on Fastify costs before anything is done: JSON in, the same JSON out. Decorators are applied by hand,
 * so that the file runs as it is. The first route has the path of UpdateRecords, so that requests can be the same
 * byte for byte.
 */
class Echo {
  echo(body) {
    return body
  }

  echoAtRoot(body) {
    return body
  }

  ready() {
    return 'ready'
  }
}

decorate(Echo, 'echo', [Post('identitypools/:pool/identities/:identity/datasets/:dataset'), HttpCode(200)])
decorate(Echo, 'echoAtRoot', [Post(), HttpCode(200)])
decorate(Echo, 'ready', [Get('ready')])
Body()(Echo.prototype, 'echo', 0)
Body()(Echo.prototype, 'echoAtRoot', 0)
Controller()(Echo)

class App {}
Module({ controllers: [Echo] })(App)

function decorate({ prototype }, name, decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)
  for (const decorator of decorators) decorator(prototype, name, descriptor)
}

const app = await NestFactory.create(App, new FastifyAdapter(), { logger: false })
await app.listen(Number(process.argv[2]), '127.0.0.1')
for (const end of ['SIGTERM', 'disconnect']) process.once(end, () => process.exit(0))
