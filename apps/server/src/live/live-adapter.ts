import { createServer, type Server as HttpServer } from 'node:http'
import { IoAdapter } from '@nestjs/platform-socket.io'
import type { MessageMappingProperties } from '@nestjs/websockets'
import { SOCKET_PATH } from '@satchel/protocol'
import { Server, type ServerOptions, type Socket } from 'socket.io'
import type { MessageDispatch } from './message-dispatch.js'
import type { UpgradeGate } from './upgrade-gate.js'

const OPTIONS: Partial<ServerOptions> = {
  path: SOCKET_PATH,
  transports: ['websocket'], // so any load balancer will do, without sticky sessions
  allowUpgrades: false,
  serveClient: false,
  connectTimeout: 10_000,
  pingInterval: 25_000,
  pingTimeout: 20_000,
  perMessageDeflate: false, // its windows would cost more memory than everything else of a socket
  httpCompression: false,
  // Connection state recovery stays off: it would let a socket go on without its token being looked at again.
}

/** socket.io under Nest, set up for the native face. */
export class LiveAdapter extends IoAdapter {
  constructor(
    private readonly listener: HttpServer,
    private readonly parts: Readonly<{ gate: UpgradeGate; dispatch: MessageDispatch; messageBytesMax: number }>,
  ) {
    super()
  }

  /**
   * socket.io listens on a server of its own that never opens a port, and gets what the gate lets through: attached to
   * the real one it would also take plain requests away from the HTTP faces.
   */
  override createIOServer(): Server {
    const carrier = createServer()
    const server = new Server(carrier, { ...OPTIONS, maxHttpBufferSize: this.parts.messageBytesMax })
    this.parts.gate.stand(this.listener, carrier)
    return server
  }

  override bindMessageHandlers(socket: Socket, handlers: MessageMappingProperties[]): void {
    this.parts.dispatch.bind(socket, handlers)
  }
}
