import type { Clock } from '../runtime/clock.js'
import { ConnectionFault, type Connection, type ConnectionListener, type Transport } from './transport.js'

/** Where sockets are blocked they are tried again this much later. */
const SOCKET_AGAIN_MS = 300_000

/** Takes a socket, and HTTP where no socket can be opened although the server is there. */
export class FallbackTransport implements Transport {
  /** Sockets are not tried before this moment. */
  #blockedUntilMs = 0

  constructor(private readonly deps: Readonly<{ socket: Transport; http: Transport; clock: Clock }>) {}

  async connect(token: string, listener: ConnectionListener): Promise<Connection> {
    const { socket, http, clock } = this.deps
    if (clock.elapsed() < this.#blockedUntilMs) {
      try {
        return await http.connect(token, listener)
      } catch (fault) {
        // Perhaps the network is another one by now.
        this.#blockedUntilMs = 0
        throw fault
      }
    }
    try {
      return await socket.connect(token, listener)
    } catch (fault) {
      // A refusal is the server's own word: HTTP would bring the same.
      if (!(fault instanceof ConnectionFault) || fault.kind === 'refused') throw fault
      const connection = await http.connect(token, listener)
      this.#blockedUntilMs = clock.elapsed() + SOCKET_AGAIN_MS
      return connection
    }
  }
}
