import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { VerifiedInside } from '../access/signing-rule.js'
import { refuse } from '../refusal.js'
import type { IdentityFace } from './cognito-identity/identity-face.js'
import { faceOf } from './http/face-of.js'
import { IDENTITY_FACE, STS_FACE } from './root-tokens.js'
import type { StsFace } from './sts/sts-face.js'

const JSON_TYPE = /^\s*application\/(x-amz-json-1\.[01]|json)\s*(;|$)/i

/** `POST /`: identity pools by their target header, STS by its form. Which operation it is decides who may call it. */
@Controller()
export class RootController {
  constructor(
    @Inject(IDENTITY_FACE) private readonly identity: IdentityFace,
    @Inject(STS_FACE) private readonly sts: StsFace,
  ) {}

  @Post()
  @HttpCode(200)
  @VerifiedInside()
  async answer(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer | string> {
    reply.header('cache-control', 'no-store') // answers hold tokens and credentials
    switch (faceOf(request.raw)) {
      case 'identity':
        refuseOtherTypes(request)
        reply.header('content-type', 'application/x-amz-json-1.1')
        // As bytes, since Fastify would add a charset to the type of a text.
        return Buffer.from(JSON.stringify(await this.identity.answer(request)))
      case 'sts':
        reply.header('content-type', 'text/xml')
        return this.sts.answer(request)
      case 'sync':
      case 'live': // no such path leads here
        return refuse('UnknownOperation', 'POST / needs an X-Amz-Target header, or a form with an Action')
    }
  }
}

/** Whoever says that the body is something else than JSON is not read as if it were. */
function refuseOtherTypes({ headers }: FastifyRequest): void {
  const type = headers['content-type']
  if (type === undefined || JSON_TYPE.test(type)) return
  refuse('Serialization', 'the Content-Type has to be application/x-amz-json-1.1')
}
