import type { ErrorCode, IdentityId } from '@satchel/protocol'

/** Why a socket ended. */
export type EndReason =
  /** The client closed it, or the network did. */
  | 'left'
  /** Its token ended. */
  | 'expired'
  /** Its identity, or its pool, is disabled or deleted. */
  | 'departed'
  /** The server stops. */
  | 'draining'
  /** It sent what no client sends. */
  | 'faulty'
  /** It did not read. */
  | 'slow'

/** What the native face tells of itself. No tokens, no values. */
export interface LiveObserver {
  connected(socket: number, identity: IdentityId): void
  ended(socket: number, identity: IdentityId, reason: EndReason): void
  answered(socket: number, message: string, code: ErrorCode | 'OK', ms: number): void
  hinted(kind: 'sent' | 'coalesced'): void
  /** A socket was turned away before it was opened, or as it connected. */
  refused(code: ErrorCode): void
  /** Something happened that nobody expected; whoever asked was told InternalError. */
  defect(cause: unknown): void
}
