import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { answerError } from './answer-error.js'

/** The one place where anything thrown under Nest becomes an answer. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp()
    answerError(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), this.log)
  }
}
