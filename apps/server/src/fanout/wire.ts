/**
 * Carries sealed messages between the nodes of a site: to whoever subscribes to a channel at the moment, at most once, in any order. What
 * is carried is believed only once it was opened (`message-seal.ts`), so anybody may be at the other end.
 */
export interface Wire {
  /** A connection that is ready; rejects with a {@link WireFault}. It is never mended: when it is lost another one is opened. */
  open(listener: WireListener): Promise<WireConnection>
}

/** Hears what comes on one connection, from before it is ready until it is lost or closed. */
export interface WireListener {
  message(channel: string, sealed: Buffer): void
  /** Said once at most; nothing comes after it. */
  lost(fault: WireFault): void
}

/** Every promise rejects with a {@link WireFault}, when the connection is lost or closed at the latest. */
export interface WireConnection {
  /** Resolves once the wire has it, whether or not anybody heard it. */
  publish(channel: string, sealed: Buffer): Promise<void>
  /** Resolves once everything that is published from now on is heard. */
  subscribe(channels: readonly string[]): Promise<void>
  unsubscribe(channels: readonly string[]): Promise<void>
  /** Resolves with the answer of whoever carries the messages; a wire that stands still answers nothing. */
  ping(): Promise<void>
  /** Ends it at once, subscriptions included; the listener hears nothing more. */
  close(): void
}

/** Why a wire does not carry: nobody answers, the login is wrong, a right is missing, it cannot do what is needed, or anything else. */
export type WireFaultKind = 'unreachable' | 'login' | 'forbidden' | 'unsuited' | 'failed'

/** A wire that is not there; the message is a sentence for an operator, without a secret. */
export class WireFault extends Error {
  constructor(
    readonly kind: WireFaultKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'WireFault'
  }
}
