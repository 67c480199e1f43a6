import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Refusal } from '../../refusal.js'
import { errorAnswer, type Refused } from './error-answer.js'
import { faceOf } from './face-of.js'
import { refusalOf } from './refusal-of.js'
import './request-facts.js'

/** All that a caller ever learns of a defect (F5). */
const DEFECT: Refused = { code: 'InternalError', message: 'An internal error occurred.' }

/**
 * Answers whatever was thrown while a request was handled, in the form of the face it was meant for. Defects are
 * logged with the request's id; the log shows of them only what `defectFacts` lets through.
 */
export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const refusal = refusalOf(thrown)
  if (refusal === null) log.error({ requestId: request.id, err: thrown }, 'a request met a defect')
  else if (refusal.cause !== undefined) logCause(refusal, request, log)
  const refused = refusal ?? DEFECT
  request.refusedWith = refused.code
  if (reply.sent) return
  const answer = errorAnswer(faceOf(request.raw), refused, request.id)
  void reply.code(answer.status).headers(answer.headers).send(answer.body)
}

/** A refusal that has a cause tells its caller less than the operator has to know. */
function logCause({ code, cause }: Refusal, request: FastifyRequest, log: Logger): void {
  log.warn({ requestId: request.id, code, cause }, 'a request was refused')
}
