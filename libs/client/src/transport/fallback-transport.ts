import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { SocketTries } from './socket-tries.js'
import { ConnectionFault, type Connection, type ConnectionListener, type Transport } from './transport.js'
import { UpgradableConnection } from './upgradable-connection.js'

/**
 * Takes a socket, and HTTP where no socket comes about although the server is there; what HTTP carries moves to a socket as soon as
 * one does (NE13).
 */
export class FallbackTransport implements Transport {
  readonly #sockets: SocketTries

  constructor(private readonly deps: Readonly<{ socket: Transport; http: Transport; clock: Clock; random: Random }>) {
    this.#sockets = new SocketTries(deps)
  }

  async connect(token: string, listener: ConnectionListener): Promise<Connection> {
    const sockets = this.#sockets
    if (!sockets.isResting) {
      try {
        return await sockets.connect(token, listener)
      } catch (fault) {
        // A refusal is the server's own word: HTTP would bring the same.
        if (!(fault instanceof ConnectionFault) || fault.kind === 'refused') throw fault
        sockets.failed(fault)
      }
    }
    try {
      return await new UpgradableConnection(token, listener, sockets).open(this.deps.http)
    } catch (fault) {
      // The server is not there, or the network is another one by now: that says nothing about sockets.
      sockets.startOver()
      throw fault
    }
  }
}
