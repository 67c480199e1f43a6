import {
  parseChanged,
  parseHello,
  parseSyncAnswer,
  parseWatchAnswer,
  PROTOCOL_VERSION,
  SOCKET_PATH,
  type ConnectRequest,
  type Hello,
  type Parsed,
  type SyncAnswer,
  type SyncRequest,
  type WatchAnswer,
  type WatchRequest,
  type WireError,
} from '@satchel/protocol'
import type { Socket } from 'socket.io-client'
import { asError } from '../as-error.js'
import { answerOf, messageOf, notSatchel, refusedBy, wireErrorIn } from './answer-of.js'
import { ConnectionFault, type Connection, type ConnectionListener, type Transport } from './transport.js'

/** How long a socket may take to open, and every answer on it. */
const ANSWER_MS_MAX = 15_000

/** Speaks the native protocol over a WebSocket. The socket's code is fetched with the first connection. */
export class SocketTransport implements Transport {
  constructor(private readonly endpoint: string) {}

  async connect(token: string, listener: ConnectionListener): Promise<Connection> {
    const { io } = await import('socket.io-client').catch((cause: unknown) => {
      throw new ConnectionFault('unreachable', `socket.io-client could not be loaded: ${String(cause)}`)
    })
    const auth: ConnectRequest = { protocols: [PROTOCOL_VERSION], token }
    const { origin, pathname } = new URL(this.endpoint)
    const socket = io(origin, {
      path: pathname.replace(/\/$/, '') + SOCKET_PATH,
      auth,
      transports: ['websocket'],
      // One attempt, one manager: when to try again is the session's business.
      reconnection: false,
      forceNew: true,
      timeout: ANSWER_MS_MAX,
    })
    return new Promise((resolve, reject) => new SocketConnection(socket, listener, this.endpoint, { resolve, reject }))
  }
}

class SocketConnection implements Connection {
  hello!: Hello
  #greeted = false
  #closed = false
  /** What the server said before it ended the socket. */
  #farewell: WireError | null = null
  readonly #cutters = new Set<(fault: ConnectionFault) => void>()

  constructor(
    private readonly socket: Socket,
    listener: ConnectionListener,
    endpoint: string,
    opened: Readonly<{ resolve: (connection: Connection) => void; reject: (fault: ConnectionFault) => void }>,
  ) {
    const end = (fault: ConnectionFault): void => {
      if (this.#closed) return
      this.close(fault)
      if (this.#greeted) listener.closed(fault)
      else opened.reject(fault)
    }
    socket.on('hello', (sent: unknown) => {
      const hello = messageOf(sent, parseHello)
      if (hello === null) return end(notSatchel('its greeting is not understood'))
      this.hello = hello
      this.#greeted = true
      opened.resolve(this)
    })
    socket.on('changed', (sent: unknown) => {
      const hint = messageOf(sent, parseChanged)
      if (hint === null) end(notSatchel('its hint is not understood'))
      else if (!this.#closed) listener.changed(hint)
    })
    socket.on('closing', (sent: unknown) => (this.#farewell = wireErrorIn(sent)))
    socket.on('connect_error', (error) => end(whyUnopened(error, endpoint)))
    socket.on('disconnect', (reason) =>
      end(
        this.#farewell === null
          ? new ConnectionFault('cut', `the connection ended (${reason})`)
          : refusedBy(this.#farewell),
      ),
    )
  }

  sync(request: SyncRequest): Promise<SyncAnswer> {
    return this.#ask('sync', request, parseSyncAnswer)
  }

  watch(request: WatchRequest): Promise<WatchAnswer> {
    return this.#ask('watch', request, parseWatchAnswer)
  }

  async renew(token: string): Promise<Hello> {
    return (this.hello = await this.#ask('renew', { token }, parseHello))
  }

  close(fault = new ConnectionFault('cut', 'the connection was closed')): void {
    this.#closed = true
    // Before socket.io ends every acknowledgement in its own way.
    for (const cut of this.#cutters) cut(fault)
    this.#cutters.clear()
    this.socket.disconnect()
  }

  #ask<Answer>(message: string, body: unknown, parse: (sent: unknown) => Parsed<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new ConnectionFault('cut', 'the connection has ended'))
      this.#cutters.add(reject)
      this.socket.timeout(ANSWER_MS_MAX).emit(message, body, (late: Error | null, sent: unknown) => {
        this.#cutters.delete(reject)
        if (late !== null) return reject(new ConnectionFault('timeout', `"${message}" was not answered in time`))
        try {
          resolve(answerOf(sent, parse))
        } catch (fault) {
          reject(asError(fault))
        }
      })
    })
  }
}

function whyUnopened(
  error: Readonly<{ message: string; data?: unknown; description?: { message?: unknown } }>,
  endpoint: string,
): ConnectionFault {
  const refusal = wireErrorIn(error.data)
  if (refusal !== null) return refusedBy(refusal)
  if (error.message === 'timeout') return new ConnectionFault('timeout', `no socket to ${endpoint} opened in time`)
  // Where the platform tells, an answer that is no WebSocket's is told from none at all.
  const words = error.description?.message
  const status = typeof words === 'string' ? /unexpected server response: \d+/i.exec(words) : null
  if (status !== null) return notSatchel(`${endpoint} opened no socket (${status[0].toLowerCase()})`)
  return new ConnectionFault('unreachable', `no socket to ${endpoint} could be opened`)
}
