import 'reflect-metadata'
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js'
import type { IdentityId, IdentityPoolId } from '@satchel/protocol'
import { BearerGuard, type Bearer, type BearerVerifier } from './bearer.js'
import { SignedGuard } from './signed.guard.js'
import { BearerOnly, ConnectedOnly, SignedFor, Unsigned } from './signing-rule.js'
import type { CallerVerifier } from './verify-caller.js'

class Probe {
  @BearerOnly()
  bearer(): void {}
  @ConnectedOnly()
  connected(): void {}
  @SignedFor('cognito-sync')
  signed(): void {}
  @Unsigned()
  unsigned(): void {}
  forgotten(): void {}
}

const nobody = { verify: () => Promise.reject(new Error('not signed')) } as unknown as CallerVerifier

/** Whether the guard before every handler lets this one be reached. */
function reaches(kind: 'http' | 'ws', handler: keyof Probe): Promise<boolean> {
  const context = new ExecutionContextHost([{ raw: {}, headers: {} }], Probe, Probe.prototype[handler])
  context.setType(kind)
  return new SignedGuard(nobody).canActivate(context).catch(() => false)
}

test.each([
  ['http', 'bearer', true], // and on to the guard that judges the token
  ['http', 'connected', false],
  ['http', 'signed', false],
  ['http', 'unsigned', true],
  ['http', 'forgotten', false],
  ['ws', 'bearer', false],
  ['ws', 'connected', true],
  ['ws', 'signed', false],
  ['ws', 'unsigned', false],
  ['ws', 'forgotten', false],
] as const)('[A11] a message over %s to a handler marked %s: %s', async (kind, handler, open) => {
  expect(await reaches(kind, handler)).toBe(open)
})

const claims: Bearer = {
  pool: 'us-east-1:1' as IdentityPoolId,
  identity: 'us-east-1:2' as IdentityId,
  login: null,
  expiresAt: 0,
}

const verifier: BearerVerifier = {
  admit: (token) => (token === 'a.good-token_' ? Promise.resolve(claims) : Promise.reject(new Error('refused'))),
  stands: () => Promise.resolve(true),
  thoseStanding: (bearers) => Promise.resolve(new Set(bearers)),
}

test.each([
  ['Bearer a.good-token_', true],
  ['bearer  a.good-token_ ', true],
  ['Bearer another', false],
  ['Bearer a.good-token_, Bearer another', false],
  ['Basic YTpi', false],
  ['a.good-token_', false],
  [undefined, false],
])('[NB15] Authorization %j is let in: %s', async (authorization, open) => {
  const request: { headers: object; bearer?: Bearer } = { headers: { authorization } }
  const entered = new BearerGuard(verifier).canActivate(new ExecutionContextHost([request]))
  expect(await entered.catch(() => false)).toBe(open)
  expect(request.bearer).toBe(open ? claims : undefined)
})
