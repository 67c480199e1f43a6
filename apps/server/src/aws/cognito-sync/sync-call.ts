import { applyDecorators, HttpCode } from '@nestjs/common'
import { RouteConfig } from '@nestjs/platform-fastify'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../access/caller.js'
import { MAY_NOT_TOUCH, mayTouch, type SyncOperation, type SyncTarget } from '../../access/may-touch.js'
import { SignedFor } from '../../access/signing-rule.js'
import { refuse } from '../../refusal.js'

/** Marks a handler as one operation of cognito-sync: signed for that service, answered with 200, counted by its name. */
export const SyncCall = (operation: SyncOperation): MethodDecorator =>
  applyDecorators(SignedFor('cognito-sync'), HttpCode(200), RouteConfig({ operation }))

/** Refuses everybody who may not call an operation on a target, in the same words whatever the reason (A14). */
export function refuseUnlessMayTouch(caller: Caller, operation: SyncOperation, target: SyncTarget): void {
  if (!mayTouch(caller, operation, target)) refuse('NotAuthorized', MAY_NOT_TOUCH)
}

/** The bytes of a body; a request without one has none. */
export const bodyOf = ({ body }: FastifyRequest): Buffer => (Buffer.isBuffer(body) ? body : NO_BODY)

const NO_BODY = Buffer.alloc(0)
