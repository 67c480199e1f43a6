import type { Changed, Hello, SyncAnswer, SyncRequest, WatchAnswer, WatchRequest, WireError } from '@satchel/protocol'

/** What a connection says unasked. */
export type ConnectionListener = Readonly<{
  changed(hint: Changed): void
  /** Said once, and never after `close()`. */
  closed(why: ConnectionFault): void
}>

/** A way to a server. Adapters: a socket, HTTP where sockets are blocked, and a faulty network in tests. */
export interface Transport {
  /** Resolves once the server has greeted; rejects with a {@link ConnectionFault}. */
  connect(token: string, listener: ConnectionListener): Promise<Connection>
}

export interface Connection {
  readonly hello: Hello
  /** Each rejects with a {@link ConnectionFault}; what a cut or timed-out request did is then unknown. */
  sync(request: SyncRequest): Promise<SyncAnswer>
  watch(request: WatchRequest): Promise<WatchAnswer>
  renew(token: string): Promise<Hello>
  /** What is under way is cut. */
  close(): void
  /** Hears of nothing any more, and lets what is under way be answered. */
  retire?(): void
}

/** Why a request or a connection failed. */
export type ConnectionFaultKind =
  /** Nobody there, or no network. */
  | 'unreachable'
  /** No answer in time. */
  | 'timeout'
  /** The connection ended under the request. */
  | 'cut'
  /** Somebody answered who is no Satchel server: a captive portal, a proxy, a wrong address. */
  | 'not-satchel'
  /** The server refused, in its own words. */
  | 'refused'

export class ConnectionFault extends Error {
  constructor(
    readonly kind: ConnectionFaultKind,
    message: string,
    /** The server's own words, where it said any. */
    readonly error: WireError | null = null,
  ) {
    super(message)
    this.name = 'ConnectionFault'
  }
}
