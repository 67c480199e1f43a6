import { Controller, Get, Inject, Param, Res } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import type { FastifyReply } from 'fastify'
import { Unsigned } from '../access/signing-rule.js'
import { refuse } from '../refusal.js'
import { LinkedRecords } from './linked-records.js'

/**
 * What `kinesisSyncRecordsURL` of a published change leads to. Consumers fetch it as they fetched S3's presigned URLs, without any
 * signature: the token in the path is the right (V61).
 */
@Controller('stream/records')
export class LinkedRecordsController {
  constructor(@Inject(LinkedRecords) private readonly linked: LinkedRecords) {}

  @Unsigned()
  @RouteConfig({ operation: 'StreamRecords' })
  @Get(':token')
  async records(@Param('token') token: string, @Res() reply: FastifyReply): Promise<void> {
    const answer = await this.linked.behind(token)
    switch (answer.kind) {
      case 'found':
        reply.code(200).headers(HEADERS).send(Buffer.from(answer.records, 'utf8'))
        return
      case 'closed':
        return refuse(
          'NotAuthorized',
          'this link was not made by this server, or has expired: it opens as long as the change log is kept',
        )
      case 'gone':
        return refuse('ResourceNotFound', 'the records behind this link are not kept any more')
    }
  }
}

/** They never change, and they are some user's: whoever fetches them may keep them, nobody in between. */
const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'private, max-age=3600',
  'x-content-type-options': 'nosniff',
}
