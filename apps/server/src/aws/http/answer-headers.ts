import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OriginRule } from './origin-rule.js'

/** Request headers that SDKs in browsers send. */
const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'cache-control',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
  'x-amz-user-agent',
  'x-amz-target',
  'x-amz-client-context',
  'x-http-method-override',
  'amz-sdk-invocation-id',
  'amz-sdk-request',
].join(',')

/** Answer headers that SDKs in browsers read; without Date they cannot correct a wrong clock. */
const EXPOSED_HEADERS = 'x-amzn-ErrorType,x-amzn-ErrorMessage,x-amzn-RequestId,Date,Retry-After,satchel-protocol'

const PREFLIGHT_LIFE_SECONDS = '7200'

/** Puts on an answer, whatever it will be, what every answer carries: its request id (F4) and who may read it (F6). */
export function setAnswerHeaders(request: FastifyRequest, reply: FastifyReply, origins: OriginRule): void {
  reply.header('x-amzn-RequestId', request.id)
  const { origin } = request.headers
  if (origin === undefined) return
  const allowed = origins.answerTo(origin)
  if (allowed !== '*') reply.header('vary', 'Origin')
  if (allowed === null) return
  reply.header('access-control-allow-origin', allowed)
  reply.header('access-control-expose-headers', EXPOSED_HEADERS)
}

/** Answers a browser's question whether a page may call us; every path answers alike (F6). */
export function answerPreflight(reply: FastifyReply): void {
  if (reply.hasHeader('access-control-allow-origin')) {
    reply.header('access-control-allow-methods', 'GET,POST,DELETE')
    reply.header('access-control-allow-headers', ALLOWED_HEADERS)
    reply.header('access-control-max-age', PREFLIGHT_LIFE_SECONDS)
  }
  reply.code(204).send()
}
