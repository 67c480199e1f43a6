import type { ErrorCode, IdentityId } from '@satchel/protocol'
import type { Logger } from 'pino'
import type { EndReason, LiveObserver } from '../live/live-observer.js'
import type { Metrics } from './metrics.js'

/** Counts what the native face tells, and logs who came and went. No tokens and no values are told to it. */
export class LiveWatch implements LiveObserver {
  constructor(private readonly deps: Readonly<{ metrics: Metrics; log: Logger }>) {}

  connected(socket: number, identity: IdentityId): void {
    this.deps.log.info({ socket, identity }, 'connected')
  }

  ended(socket: number, identity: IdentityId, reason: EndReason): void {
    this.deps.metrics.countEndedSocket(reason)
    this.deps.log.info({ socket, identity, reason }, 'disconnected')
  }

  answered(socket: number, message: string, code: ErrorCode | 'OK', ms: number): void {
    this.deps.metrics.countMessage(message, code)
    if (!this.deps.log.isLevelEnabled('debug') || code === 'UnknownOperation') return
    this.deps.log.debug({ socket, message, code, ms }, 'answered')
  }

  hinted(kind: 'sent' | 'coalesced'): void {
    this.deps.metrics.countHint(kind)
  }

  refused(code: ErrorCode): void {
    this.deps.metrics.countRefusedUpgrade(code)
  }

  defect(cause: unknown): void {
    this.deps.log.error({ err: cause }, 'a message met a defect')
  }
}
